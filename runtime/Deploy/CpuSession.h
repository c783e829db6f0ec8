//===- CpuSession.h - one text that a model on the CPU reads and writes ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_CPUSESSION_H
#define RUNTIME_DEPLOY_CPUSESSION_H

#include "runtime/Deploy/Backend.h"
#include "xlstm/Runtime/Deploy/ModelAbi.h"

#include <cstdlib>
#include <vector>

namespace xlstm {

class CpuSession : public Session {
public:
  explicit CpuSession(const char *weights);

  void reset() override;
  std::span<float> read(std::span<const int64_t> ids) override;
  std::span<float> readOne(int64_t id) override;

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<char[], Free>;
  static Memory allocate(uint64_t bytes);

  const char *weights;
  Memory state, scratch;
  std::vector<float> logits;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_CPUSESSION_H
