//===- CpuSession.h - one text that a model on the CPU reads and writes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CPUSESSION_H
#define RUNTIME_DEPLOY_CPUSESSION_H

#include "runtime/Deploy/Backend.h"
#include "runtime/Deploy/HugeMemory.h"
#include "runtime/Deploy/Team.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"

#include <vector>

namespace xlstm {

class CpuSession : public Session {
public:
  CpuSession(const xlstm_model_info &model, const char *weights, int threads);

  void reset() override;
  std::span<float> read(std::span<const int64_t> ids) override;
  std::span<float> readOne(int64_t id) override;

private:
  void run(xlstm_run function, std::span<const int64_t> ids, float *logits);

  const xlstm_model_info &model;
  const char *weights;
  HugeMemory state, scratch;
  std::vector<float> logits;
  Team team;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CPUSESSION_H
