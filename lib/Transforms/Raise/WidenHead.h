//===- WidenHead.h - logits of every position -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_WIDENHEAD_H
#define LIB_TRANSFORMS_RAISE_WIDENHEAD_H

#include "lib/Transforms/Raise/Graph.h"

namespace xlstm::raise {

/// Where the one result of a graph, its logits, are those of its last position, [B, 1, V] or [B, V], the same graph for every position: what
/// selects the last one (Slice, Gather, GatherND, Split) is taken out, which changes nothing where all nodes behind it
/// compute each position by itself. Returns whether the graph has changed; `probes` are its values for some sizes. An
/// error on the first node that does not, or on the graph when nothing selects the last position.
mlir::FailureOr<bool> widenHead(onnx::GraphOp graph, llvm::ArrayRef<onnx::Values> probes);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_WIDENHEAD_H
