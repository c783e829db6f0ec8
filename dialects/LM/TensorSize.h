//===- TensorSize.h - sizes of tensors that do not overflow ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_TENSORSIZE_H
#define DIALECTS_LM_TENSORSIZE_H

#include "mlir/IR/BuiltinTypes.h"

#include <limits>
#include <optional>

namespace xlstm::lm {

/// The most tokens that anything counts: positions are i32.
constexpr int64_t maxTokens = std::numeric_limits<int32_t>::max();

/// Nothing where the product does not fit.
std::optional<int64_t> checkedProduct(llvm::ArrayRef<int64_t> factors);

/// Bytes of a tensor's data, a dynamic dimension counted as one; nothing where they do not fit or where the element
/// type has no storage. Whoever multiplies sizes of a verified tensor may rely on it: every operand and result of lm
/// and xlstm ops has such a size.
std::optional<int64_t> storageBytes(mlir::RankedTensorType type);

} // namespace xlstm::lm

#endif // DIALECTS_LM_TENSORSIZE_H
