//===- TensorSize.cpp - sizes of tensors that do not overflow -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"

#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace xlstm::lm {

std::optional<int64_t> checkedProduct(ArrayRef<int64_t> factors) {
  std::optional<int64_t> product = 1;
  for (int64_t factor : factors)
    if (product)
      product = llvm::checkedMul(*product, factor);
  return product;
}

/// Bytes of what is stored in one piece; nothing where a type has no storage.
static std::optional<int64_t> pieceBytes(Type element) {
  if (auto block = dyn_cast<BlockType>(element))
    return block.getBlockBytes();
  if (element.isIntOrFloat())
    return static_cast<int64_t>(llvm::divideCeil(element.getIntOrFloatBitWidth(), 8));
  return std::nullopt;
}

std::optional<int64_t> storageBytes(RankedTensorType type) {
  std::optional<int64_t> bytesOfPiece = pieceBytes(type.getElementType());
  if (!bytesOfPiece)
    return std::nullopt;
  // An empty tensor's other dimensions have to fit all the same: strides are made of them.
  SmallVector<int64_t> factors;
  for (int64_t size : type.getShape())
    factors.push_back(ShapedType::isDynamic(size) ? 1 : std::max<int64_t>(size, 1));
  if (auto block = dyn_cast<BlockType>(type.getElementType())) {
    if (factors.empty() || factors.back() % block.getSize() != 0)
      return std::nullopt;
    factors.back() /= block.getSize();
  }
  factors.push_back(*bytesOfPiece);
  std::optional<int64_t> bytes = checkedProduct(factors);
  return bytes && llvm::is_contained(type.getShape(), 0) ? 0 : bytes;
}

} // namespace xlstm::lm
