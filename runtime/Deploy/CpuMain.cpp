//===- CpuMain.cpp - main of an executable that runs on the CPU -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Cores.h"
#include "runtime/Deploy/CpuSession.h"

namespace xlstm {

namespace {

class CpuBackend : public Backend {
public:
  ModelNumbers numbers() const override {
    const xlstm_model_info &m = xlstm_model;
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
    return std::make_unique<CpuSession>(xlstm_model, weights, count);
  }
  bool readsWeights() const override { return true; }
  int threads() const override { return count; }
  void setThreads(int threads) override { count = threads; }

private:
  int count = usableCores();
};

} // namespace

} // namespace xlstm

int main(int argc, char **argv) {
  xlstm::CpuBackend backend;
  return xlstm::runExecutable(argc, argv, backend);
}
