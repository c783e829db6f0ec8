//===- Heads.h - heads followed through moved elements --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_HEADS_H
#define LIB_TRANSFORMS_RAISE_HEADS_H

#include "lib/Transforms/Raise/Graph.h"

namespace xlstm::raise {

/// Where a value of rank 4 keeps batch, head, token and channel.
struct Layout {
  int64_t batch, head, token, channel;
};
constexpr Layout headsFirst{0, 1, 2, 3};  // [B, H, T, d]
constexpr Layout tokensFirst{0, 2, 1, 3}; // [B, T, H, d]
constexpr Layout keysLast{0, 1, 3, 2};    // [B, H, d, T]

/// Where elements come from: `value` [B, T, ...], moved and multiplied by `factor`.
struct Source {
  mlir::Value value;
  double factor = 1;
};

/// Follows a value back through nodes that only move or repeat elements, or multiply them by a constant, to an
/// activation that begins with [B, T].
Source findSource(mlir::Value value);

/// Heads of an activation: `heads` is [B, T, Hs, d], and the value is it in the given layout, each head `repeat` times.
struct Heads {
  mlir::Value heads;
  int64_t repeat = 1;
  double factor = 1;
};

/// Finds the heads that `value` is made of, by moving the positions of the elements of its source through the nodes
/// between them. Makes an lm.split_heads where the source is [B, T, C]. Nothing, with the reason in `why`, otherwise.
std::optional<Heads> findHeads(mlir::OpBuilder &builder, mlir::Value value, Layout layout, std::string &why);

/// Whether `value` [B, T, C] is the activation `source` [B, T, H, d] with C = H * d.
bool isMerged(mlir::Value value, mlir::Value source);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_HEADS_H
