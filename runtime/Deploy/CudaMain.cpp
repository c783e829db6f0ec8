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
    std::shared_ptr<CudaWorkplace> shared = place.lock();
    if (!shared)
      place = shared = std::make_shared<CudaWorkplace>(xlstm_cuda_model, weights);
    deviceName = shared->device.name;
    return std::make_unique<CudaSession>(std::move(shared));
  }
  int mostSessions() const override { return xlstm_cuda_model.batch == 1 ? 1024 : 1; }
  std::optional<DeviceLimits> measureLimits() override { return measureDeviceLimits(); }
  bool hasLimits() const override { return true; }

private:
  std::string deviceName;
  std::weak_ptr<CudaWorkplace> place; // of the sessions that there are
};

} // namespace

} // namespace xlstm

int main(int argc, char **argv) {
  xlstm::CudaBackend backend;
  return xlstm::runExecutable(argc, argv, backend);
}
