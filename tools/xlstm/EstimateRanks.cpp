//===- EstimateRanks.cpp - what a rank of several holds and sends ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EstimateRanks.h"

#include "xlstm/Support/Error.h"

#include <algorithm>

namespace xlstm {

static constexpr int64_t F32 = 4;
/// Of an element of a shard: what is trained, its gradient and two moments.
static constexpr int64_t InShard = 4 * F32;
/// Buckets whose gradients are copied or summed at once (Train/Reducer.h), and the one whose gradients come.
static constexpr int64_t BucketsAtOnce = 3;

HeldParams HeldParams::of(const FunctionSpec &function, Trained what) {
  HeldParams held;
  for (const ParamSpec &param : function.params) {
    int64_t elements = int64_t(param.tensor.numElements());
    int64_t bytes = param.isRounded ? int64_t(param.tensor.numBytes()) : F32 * elements;
    if (param.init || what == Trained::Full) {
      held.trained += elements;
      held.trainedBytes += bytes;
      held.largest = std::max(held.largest, elements);
      continue;
    }
    held.frozen += elements;
    held.frozenBytes += bytes;
  }
  return held;
}

void checkBatch(const std::filesystem::path &file, const std::string &section, const TrainOptions &options,
                int64_t ranks) {
  if (options.batch < ranks)
    fail(file.string(), ": '", section, ".batch': expected at least a row for each of ", ranks, " processes, found ",
         options.batch);
}

int64_t rowsAtOnce(const TrainOptions &options, int64_t ranks) {
  int64_t rows = (options.batch + ranks - 1) / ranks;
  return options.microBatch ? std::min(options.microBatch, rows) : rows;
}

RankBytes RankBytes::of(const HeldParams &held, const TrainOptions &options, int64_t ranks) {
  RankBytes bytes;
  int64_t bucket = std::min(held.trained, std::max(options.bucket, held.largest));
  bytes.stays = held.trainedBytes + held.trained * InShard / ranks;
  bytes.underWay = BucketsAtOnce * bucket * F32;
  int64_t rows = (options.batch + ranks - 1) / ranks, atOnce = rowsAtOnce(options, ranks);
  int64_t parts = (rows + atOnce - 1) / atOnce, all = parts * held.trained * F32 + held.trainedBytes;
  bytes.sent = all / ranks * (ranks - 1); // each rank's own part stays
  return bytes;
}

} // namespace xlstm
