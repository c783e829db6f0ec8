//===- Device.cpp - where tensors live and functions run ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/Device.h"

#include "runtime/Evaluate/FindTorch.h"
#include "xlstm/Support/Error.h"

#include <ATen/Context.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

namespace xlstm {

/// Loads LibTorch's CUDA half, which registers itself; the reason when that cannot be.
static std::string loadCuda() {
  if (c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA))
    return "";
  if (std::string problem = loadTorchCuda(); !problem.empty())
    return problem;
  return c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ? "" : "this LibTorch has no CUDA";
}

static int chosen = 0;

void chooseGpu(int index) { chosen = index; }

c10::Device openDevice(const std::string &name) {
  if (name == "cpu")
    return c10::Device(c10::DeviceType::CPU);
  if (name != "cuda")
    fail("device: expected cpu or cuda, found ", name);
  static const std::string problem = loadCuda();
  if (!problem.empty())
    fail("device cuda: ", problem);
  const c10::impl::DeviceGuardImplInterface *cuda = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
  int count = cuda->deviceCount();
  if (count == 0)
    fail("device cuda: found no GPU, or a driver older than LibTorch's CUDA (nvidia-smi says which CUDA it "
         "knows; " XLSTM_TORCH_CUDA " is needed)");
  if (count > 1 && chosen >= count)
    fail("device cuda: expected at least ", chosen + 1, " GPUs on this host, found ", count);
  c10::Device device(c10::DeviceType::CUDA, c10::DeviceIndex(count == 1 ? 0 : chosen));
  cuda->setDevice(device); // of this thread: kernels are launched there
  return device;
}

Tf32Products::Tf32Products(bool isOn) : before(at::globalContext().allowTF32CuBLAS()) {
  if (isOn)
    at::globalContext().setAllowTF32CuBLAS(true);
}
Tf32Products::~Tf32Products() { at::globalContext().setAllowTF32CuBLAS(before); }

} // namespace xlstm
