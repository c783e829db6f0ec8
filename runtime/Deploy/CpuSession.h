//===- CpuSession.h - one text that a model on the CPU reads and writes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CPUSESSION_H
#define RUNTIME_DEPLOY_CPUSESSION_H

#include "runtime/Deploy/Backend.h"
#include "runtime/Deploy/HugeMemory.h"
#include "runtime/Deploy/Team.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"

#include <memory>
#include <vector>

namespace xlstm {

/// Threads and memory for what is computed on the way: of sessions that take turns.
struct CpuWorkplace {
  CpuWorkplace(const xlstm_model_info &model, int threads) : scratch(model.scratch_bytes), team(threads) {}
  HugeMemory scratch;
  Team team;
  std::vector<float> logits; // of texts that are read together; made when some are
};

class CpuSession : public Session {
public:
  CpuSession(const xlstm_model_info &model, const char *weights, std::shared_ptr<CpuWorkplace> place);

  void reset() override;
  std::span<float> read(std::span<const int64_t> ids) override;
  std::span<float> readOne(int64_t id) override;
  std::span<const std::byte> viewState() override;
  void restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) override;

private:
  size_t mostRows() const override { return static_cast<size_t>(model.most_rows); }
  void readRows(std::span<Session *const> all, std::span<const int64_t> ids,
                std::vector<std::span<float>> &found) override;
  void run(xlstm_run function, std::span<const int64_t> ids, float *logits);

  const xlstm_model_info &model;
  const char *weights;
  std::shared_ptr<CpuWorkplace> place;
  HugeMemory state;
  std::vector<float> logits;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CPUSESSION_H
