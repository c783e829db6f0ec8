//===- TargetPlan.h - what the teacher has to read for missing targets ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H
#define XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H

#include "xlstm/Runtime/Data/TargetStore.h"

#include <algorithm>

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

/// Calls use(part, block's key, its positions) for each block that is wanted, as far as the document or the block goes,
/// so that nobody who wants more of it finds it short.
template <typename Use>
void forEachWanted(const TargetRequests &wanted, const TargetFormat &format, Use use) {
  int64_t size = format.blockTokens();
  for (const TargetRequests::Part &part : wanted.parts()) {
    DocumentKey document = DocumentKey::of(part.document);
    for (int64_t at = part.begin / size * size; at < part.end; at += size)
      use(part, BlockKey{document, at}, std::min(size, int64_t(part.document.size()) - at));
  }
}

/// The blocks that are wanted and for which `isThere` is false, each once, in the order in which they are asked for.
/// Blocks whose windows begin alike share one. A group has the first `tokens` positions of what is left, or more by
/// less than a window.
std::vector<TargetGroup> planTargets(const TargetRequests &wanted, const TargetFormat &format, int64_t tokens,
                                     const std::function<bool(const BlockKey &key, int64_t tokens)> &isThere);

/// Where a window stands in the rows of a batch that the teacher reads.
struct WindowPlace {
  size_t window;
  int64_t row, column;
};

/// What the teacher reads at once.
struct WindowBatch {
  std::vector<WindowPlace> places;
  int64_t rows, length;
};

/// Batches of `rows` rows of `length` tokens with several windows each; with `rows` 0 each window alone, so that not
/// even the rounding of what is answered depends on others.
std::vector<WindowBatch> batchesOf(const TargetGroup &group, int64_t length, int64_t rows);
TokenRows rowsOf(const TargetGroup &group, const WindowBatch &batch);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_TARGETPLAN_H
