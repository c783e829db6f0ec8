//===- HeadShares.h - what a set of heads costs ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_HEADSHARES_H
#define XLSTM_RUNTIME_EVAL_HEADSHARES_H

#include "runtime/Eval/TextBatches.h"
#include "xlstm/Runtime/Eval/Heads.h"

namespace xlstm {

/// A module with shares (xlstm-share-heads), run with sets of key heads.
class HeadShares {
public:
  HeadShares(const Program &program, const ParamMap &params, int64_t queriesOfKey);

  /// Every key head, by layer.
  const std::vector<KeyHead> &heads() const { return all; }
  /// With the heads `kept` (indices of heads()) full, the others window and sinks alone.
  RowScore score(const PackedText &text, const std::vector<size_t> &kept);
  /// -d(mean nats) / d(share) a key head at shares of `share`: what a little more of it gains.
  std::vector<double> gains(const PackedText &text, double share);

private:
  void setShares(const std::vector<double> &shareOfHead);

  const Program &program;
  ParamMap params;
  std::vector<KeyHead> all;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_HEADSHARES_H
