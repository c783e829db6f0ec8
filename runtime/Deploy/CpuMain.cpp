//===- CpuMain.cpp - main of an executable that runs on the CPU -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Cores.h"
#include "runtime/Deploy/CpuSession.h"
#include "xlstm/Runtime/Deploy/CpuFeatures.h"

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
    return std::make_unique<CpuSession>(model(), weights, count);
  }
  bool readsWeights() const override { return true; }
  int threads() const override { return count; }
  void setThreads(int threads) override { count = threads; }

  std::string code() const override {
    return isWide ? wideCpuName : &xlstm_model_wide ? std::string("the least, without ") + wideCpuName : "";
  }

private:
  const xlstm_model_info &model() const { return isWide ? xlstm_model_wide : xlstm_model; }

  int count = usableCores();
  bool isWide = &xlstm_model_wide && missingCpuFeatures({std::begin(wideCpuFeatures), std::end(wideCpuFeatures)}).empty();
};

} // namespace

} // namespace xlstm

int main(int argc, char **argv) {
  xlstm::CpuBackend backend;
  return xlstm::runExecutable(argc, argv, backend);
}
