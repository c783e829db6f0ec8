//===- WrittenBatches.h - batches that the student writes ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_WRITTENBATCHES_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_WRITTENBATCHES_H

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Train/Trainer.h"

namespace xlstm {

/// This rank's rows of steps one after the other, of a task that writes them (TrainTask::write), for some steps at
/// once.
class WrittenBatches {
public:
  WrittenBatches(const TrainTask &task, const MixedRows &data, const TrainOptions &options, Group &group)
      : task(task), data(data), options(options), part(group.part(options.batch)), group(group) {}

  /// Whether nothing is held at a step that has not been trained on: what is held is in no checkpoint.
  bool isBorder(int64_t step) const { return step % task.every == 0; }

  /// The rows of a step, which is a border or the one behind that of the last call. `order`: of the rows of all steps.
  TokenRows take(int64_t step, const std::vector<int64_t> &order, const ParamMap &params) {
    if (isBorder(step))
      write(step, order, params);
    TokenRows rows = of(step);
    ofStep = int64_t(group.sum({double(task.tokens(rows))}).front());
    return rows;
  }
  /// Once more those of a step for which it has written last.
  TokenRows of(int64_t step) const {
    int64_t rows = part.second - part.first, begin = step % task.every * rows;
    return written.slice(begin, begin + rows);
  }
  /// Written tokens of all ranks in the step that was taken last.
  int64_t tokens() const { return ofStep; }

private:
  void write(int64_t first, const std::vector<int64_t> &order, const ParamMap &params) {
    std::vector<int64_t> taken;
    std::vector<RowKey> keys;
    for (int64_t step = first; step < std::min(first + task.every, options.steps); ++step)
      for (int64_t row = part.first; row < part.second; ++row) {
        taken.push_back(order[size_t(step * options.batch + row)]);
        keys.push_back({step, row});
      }
    written = task.write(data.rows.select(taken), keys, params);
  }

  const TrainTask &task;
  const MixedRows &data;
  const TrainOptions &options;
  std::pair<int64_t, int64_t> part;
  Group &group;
  TokenRows written;
  int64_t ofStep = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_WRITTENBATCHES_H
