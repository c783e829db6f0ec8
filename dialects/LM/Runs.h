//===- Runs.h - runs of neighbours in a list of heads or blocks -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_RUNS_H
#define DIALECTS_LM_RUNS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>

namespace xlstm::lm {

/// Calls `run(i, first, count)` for every run of neighbours among `numbers`, which one number alone is too: its entries
/// are i to i + count, which count up from `first`.
inline void forEachRun(llvm::ArrayRef<int64_t> numbers, llvm::function_ref<void(size_t, int64_t, int64_t)> run) {
  for (size_t from = 0, to = 0; from < numbers.size(); from = to) {
    for (to = from + 1; to < numbers.size() && numbers[to] == numbers[to - 1] + 1;)
      ++to;
    run(from, numbers[from], static_cast<int64_t>(to - from));
  }
}

} // namespace xlstm::lm

#endif // DIALECTS_LM_RUNS_H
