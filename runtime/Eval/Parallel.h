//===- Parallel.h - independent pieces of inference on all cores ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_PARALLEL_H
#define XLSTM_RUNTIME_EVAL_PARALLEL_H

#include <cstddef>
#include <functional>

namespace xlstm {

/// Calls work(0) ... work(count - 1), each once, on as many threads as ATen uses; inside, ATen runs on one. Most ops of
/// a batch are too small to be split well, whole batches are not. Without gradients. The first exception is thrown
/// again here.
void forEachParallel(size_t count, const std::function<void(size_t)> &work);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_PARALLEL_H
