//===- Roles.h - what an op of a layer is for -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_ROLES_H
#define LIB_TRANSFORMS_RAISE_ROLES_H

#include "dialects/LM/LMDialect.h"
#include "xlstm/Model/Roles.h"

#include <optional>

namespace xlstm::raise {

using xlstm::Role;

/// The role of an op, found through its neighbours; nothing for an op that a layer does not have. `attentionSum` is
/// the layer's first residual sum.
std::optional<Role> roleOf(mlir::Operation *op, lm::AddOp attentionSum);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_ROLES_H
