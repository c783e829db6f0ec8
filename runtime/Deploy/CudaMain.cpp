//===- CudaMain.cpp - main of an executable that runs on a GPU ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CudaSession.h"

namespace xlstm {

namespace {

class CudaBackend : public Backend {
public:
  ModelNumbers numbers() const override { return numbersOf(xlstm_cuda_model); }
  std::string name() const override { return "CUDA (" + deviceName + ")"; }
  std::unique_ptr<Session> makeSession(const char *weights) override {
    auto session = std::make_unique<CudaSession>(xlstm_cuda_model, weights);
    deviceName = session->device.name;
    return session;
  }
  std::optional<DeviceLimits> measureLimits() override { return measureDeviceLimits(); }
  bool hasLimits() const override { return true; }

private:
  std::string deviceName;
};

} // namespace

} // namespace xlstm

int main(int argc, char **argv) {
  xlstm::CudaBackend backend;
  return xlstm::runExecutable(argc, argv, backend);
}
