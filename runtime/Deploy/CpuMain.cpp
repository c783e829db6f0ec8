//===- CpuMain.cpp - main of an executable that runs on the CPU -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Cores.h"
#include "runtime/Deploy/CpuSession.h"
#include "xlstm/Runtime/Deploy/CpuFeatures.h"

#include <algorithm>

namespace xlstm {

namespace {

class CpuBackend : public Backend {
public:
  ModelNumbers numbers() const override {
    const xlstm_model_info &m = model();
    return {m.abi == XLSTM_MODEL_ABI,
            m.vocab,
            m.cache_tokens,
            1,
            1, // prompts of any length are read at once
            m.weight_bytes,
            m.state_bytes,
            m.token_bytes,
            m.weight_bytes,
            0,
            0};
  }
  std::string name() const override { return "CPU"; }
  std::unique_ptr<Session> makeSession(const char *weights) override {
    std::shared_ptr<CpuWorkplace> shared = place.lock();
    if (!shared)
      place = shared = std::make_shared<CpuWorkplace>(model(), count);
    return std::make_unique<CpuSession>(model(), weights, std::move(shared));
  }
  int mostSessions() const override { return 1024; }
  bool readsWeights() const override { return true; }
  int threads() const override { return count; }
  void setThreads(int threads) override { count = threads; }

  std::string code() const override {
    return isWide ? wideCpuName : &xlstm_model_wide ? std::string("the least, without ") + wideCpuName : "";
  }

private:
  const xlstm_model_info &model() const { return isWide ? xlstm_model_wide : xlstm_model; }

  /// Threads of little work each would wait for one another longer than they work.
  int threadsWorthIt() const {
    constexpr uint64_t bytesOfWork = uint64_t{4} << 20;
    return static_cast<int>(
        std::min<uint64_t>(static_cast<uint64_t>(usableCores()), 1 + model().weight_bytes / bytesOfWork));
  }

  bool isWide =
      &xlstm_model_wide && missingCpuFeatures({std::begin(wideCpuFeatures), std::end(wideCpuFeatures)}).empty();
  int count = threadsWorthIt();
  std::weak_ptr<CpuWorkplace> place; // of the sessions that there are
};

} // namespace

} // namespace xlstm

int main(int argc, char **argv) {
  xlstm::CpuBackend backend;
  return xlstm::runExecutable(argc, argv, backend);
}
