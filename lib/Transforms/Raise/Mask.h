//===- Mask.h - attention masks, read by value ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_MASK_H
#define LIB_TRANSFORMS_RAISE_MASK_H

#include "lib/Transforms/Raise/Graph.h"

namespace xlstm::raise {

/// A causal mask; with a window, key j is seen from t when t - window < j <= t.
struct Mask {
  std::optional<int64_t> window;
};

/// Evaluates a mask [.., T, T] (additive floats, or bool with true for what is seen) and says what it is. Nothing, with
/// the reason in `why`, for any other mask. With `isCausal` only what lies before a token counts.
std::optional<Mask> readMask(onnx::GraphOp graph, mlir::Value mask, bool isCausal, std::string &why);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_MASK_H
