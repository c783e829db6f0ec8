//===- EstimateRanks.h - what a rank of several holds and sends ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_ESTIMATERANKS_H
#define XLSTM_TOOLS_XLSTM_ESTIMATERANKS_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Train/TrainOptions.h"

namespace xlstm {

/// What a stage holds of its params: how many it trains, and how many others, which are float32 unless the function
/// rounds what it reads.
struct HeldParams {
  int64_t trained = 0, frozen = 0, frozenBytes = 0;
  int64_t trainedBytes = 0; // as the function reads them
  int64_t largest = 0;      // elements of the largest that is trained

  static HeldParams of(const FunctionSpec &function, Trained what);
};

/// Bytes of one of several ranks (Train/Buckets.h): of the params that train, what stays of their gradients and of the
/// optimizer's state between steps, and of gradients under way within one.
struct RankBytes {
  int64_t stays = 0, underWay = 0;
  /// Sent in a step of `parts` parts: gradients in float32 each time, then the params as they are read.
  int64_t sent = 0;

  static RankBytes of(const HeldParams &held, const TrainOptions &options, int64_t ranks);
};

/// Throws Error, naming the key of the recipe `file`, where a batch has not a row for each rank.
void checkBatch(const std::filesystem::path &file, const std::string &section, const TrainOptions &options,
                int64_t ranks);

/// Rows of a step that a rank runs at once.
int64_t rowsAtOnce(const TrainOptions &options, int64_t ranks);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_ESTIMATERANKS_H
