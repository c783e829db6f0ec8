//===- Device.cpp - where tensors live and functions run ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Evaluate/Device.h"

#include "xlstm/Support/Error.h"

#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <dlfcn.h>

namespace xlstm {

/// Loads LibTorch's CUDA half, which registers itself; the reason when that cannot be.
static std::string loadCuda() {
  if (c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA))
    return "";
  if (!dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
    return std::string("LibTorch's CUDA half is not on the library path: ") + dlerror();
  return c10::impl::hasDeviceGuardImpl(c10::DeviceType::CUDA) ? "" : "this LibTorch has no CUDA";
}

c10::Device openDevice(const std::string &name) {
  if (name == "cpu")
    return c10::Device(c10::DeviceType::CPU);
  if (name != "cuda")
    fail("device: expected cpu or cuda, found ", name);
  static const std::string problem = loadCuda();
  if (!problem.empty())
    fail("device cuda: ", problem);
  if (c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->deviceCount() == 0)
    fail("device cuda: there is no GPU, or its driver is older than LibTorch's CUDA");
  return c10::Device(c10::DeviceType::CUDA, 0);
}

} // namespace xlstm
