//===- TargetPlan.h - what the teacher has to read for missing targets ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H
#define XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H

#include "xlstm/Runtime/Data/TargetStore.h"

namespace xlstm {

/// A part of a document that the teacher reads at once, and the blocks in it that are to be stored.
struct TargetWindow {
  DocumentKey document;
  std::span<const int32_t> ids; // what is read
  int64_t begin = 0;            // position of the first in the document
  struct Block {
    int64_t at, tokens;
  };
  std::vector<Block> blocks;

  int64_t numStored() const;
};

/// Windows whose blocks become one shard.
using TargetGroup = std::vector<TargetWindow>;

/// The blocks that are wanted and for which `isThere` is false, each once, in the order in which they are asked for.
/// Blocks whose windows begin alike share one. A group has the first `tokens` positions of what is left, or more by
/// less than a window.
std::vector<TargetGroup> planTargets(const TargetRequests &wanted, const TargetFormat &format, int64_t tokens,
                                     const std::function<bool(const BlockKey &key, int64_t tokens)> &isThere);

/// Where a window stands in the rows that the teacher reads.
struct WindowPlace {
  size_t window;
  int64_t row, column;
};

/// Windows in rows of `length` tokens, the longest first, each in the first row that has room (Johnson 1974): the rows
/// are full but for a few in a hundred.
std::vector<WindowPlace> placeWindows(const TargetGroup &group, int64_t length);
/// Rows [first, first + count) of them.
TokenRows rowsOf(const TargetGroup &group, const std::vector<WindowPlace> &places, int64_t length, int64_t first,
                 int64_t count);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H
