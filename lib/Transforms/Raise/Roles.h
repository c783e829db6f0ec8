//===- Roles.h - what an op of a layer is for -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_ROLES_H
#define LIB_TRANSFORMS_RAISE_ROLES_H

#include "dialects/LM/LMDialect.h"

#include <optional>

namespace xlstm::raise {

/// The ops of a layer in the order in which the Hugging Face import writes them. Positions, heads and rotations are of
/// queries, keys or values in that order.
enum class Role : uint8_t {
  AttentionInputNorm,
  Query,
  Key,
  Value,
  QueryNorm,
  KeyNorm,
  QueryHeads,
  KeyHeads,
  ValueHeads,
  QueryHeadNorm,
  KeyHeadNorm,
  QueryRope,
  KeyRope,
  Attention,
  MergedHeads,
  Output,
  AttentionOutputNorm,
  AttentionSum,
  MlpInputNorm,
  Gate,
  Up,
  Swiglu,
  Down,
  MlpOutputNorm,
  MlpSum,
};

/// The role of an op, found through its neighbours; nothing for an op that a layer does not have. `attentionSum` is
/// the layer's first residual sum.
std::optional<Role> roleOf(mlir::Operation *op, lm::AddOp attentionSum);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_ROLES_H
