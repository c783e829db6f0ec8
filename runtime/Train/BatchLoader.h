//===- BatchLoader.h - batches made ahead of their step -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_BATCHLOADER_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_BATCHLOADER_H

#include "xlstm/Runtime/Train/Trainer.h"

#include <future>

namespace xlstm {

/// A part of a batch: what the program is given, and its share of the batch's tokens.
struct BatchPart {
  std::vector<at::Tensor> arguments;
  double share = 0;
  bool isOnly = false; // the batch has no other
};

/// Rows of a batch that has so many tokens, `micro` at a time; 0: all at once.
inline std::vector<BatchPart> partsOf(const TrainTask &task, const TokenRows &rows, int64_t tokens, int64_t micro) {
  int64_t count = rows.size(), most = micro == 0 ? count : micro;
  std::vector<BatchPart> parts;
  for (const TokenRows &part : rows.batches(most))
    parts.push_back(
        {task.arguments(part), double(task.tokens(part)) / double(std::max<int64_t>(tokens, 1)), most >= count});
  return parts;
}

/// The batches of one step after the other. While one is trained on, a thread makes the next: what it reads from a disk
/// is there in time. A batch is a function of its step alone, whoever makes it. The thread must not run parallel loops
/// of ATen, whose own threads it would double.
class BatchLoader {
public:
  using Maker = std::function<std::vector<BatchPart>(int64_t step)>;

  BatchLoader(Maker make, int64_t steps) : make(std::move(make)), steps(steps) {}

  /// The batch of a step, the one behind that of the last call. Throws what its making threw.
  std::vector<BatchPart> take(int64_t step) {
    std::vector<BatchPart> batch = next.valid() ? next.get() : make(step);
    if (step + 1 < steps)
      next = std::async(std::launch::async, make, step + 1);
    return batch;
  }

private:
  Maker make;
  int64_t steps;
  std::future<std::vector<BatchPart>> next; // waits for its thread when it goes
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_BATCHLOADER_H
