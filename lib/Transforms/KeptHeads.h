//===- KeptHeads.h - query heads that stay attention ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_KEPTHEADS_H
#define LIB_TRANSFORMS_KEPTHEADS_H

#include "dialects/LM/LMDialect.h"

#include "mlir/IR/Builders.h"

#include <map>

namespace xlstm {

struct AttentionSite;

/// Query heads by layer, ascending.
using KeptHeads = std::map<int64_t, llvm::SmallVector<int64_t>>;

/// Reads `5:2,3;7:0` (heads 2 and 3 of layer 5, head 0 of layer 7), `none` or, where the text ends in .json, such a text
/// under "keep" in that file. An error on `model` names what is wrong, layers and heads that it does not have included.
mlir::FailureOr<KeptHeads> readKeptHeads(lm::ModelOp model, llvm::StringRef text);

/// x [B, T, H, d] with `heads` alone.
mlir::Value takeHeads(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x, llvm::ArrayRef<int64_t> heads);

/// Parts the site's attention: one over the `kept` heads, which stays, and one over the others, which becomes the site's.
/// Both read only their own key heads; what they give is joined to what the one gave before.
void partAttention(AttentionSite &site, llvm::ArrayRef<int64_t> kept);

} // namespace xlstm

#endif // LIB_TRANSFORMS_KEPTHEADS_H
