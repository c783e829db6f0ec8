//===- Masks.cpp - large masks by what they say ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/ModuleBuilder.h"

#include <cstring>

using namespace mlir;

namespace xlstm {

/// An element as a number; nothing for types that masks do not have.
static std::optional<double> readNumber(DType type, const std::byte *from) {
  auto load = [&]<typename T>(T value) {
    std::memcpy(&value, from, sizeof(value));
    return static_cast<double>(value);
  };
  switch (type) {
  case DType::F32:
    return load(float());
  case DType::F16:
    return load(_Float16());
  case DType::Bool:
    return std::to_integer<int>(*from) != 0;
  default:
    return std::nullopt;
  }
}

DictionaryAttr readBand(MLIRContext *context, const OnnxTensor &mask) {
  const std::vector<int64_t> &shape = mask.spec.shape;
  if (shape.size() < 2 || shape.back() != shape[shape.size() - 2] || shape.back() < 2)
    return {};
  int64_t size = static_cast<int64_t>(sizeOf(mask.spec.dtype)), tokens = shape.back();
  const std::byte *begin = mask.bytes.data(), *seen = begin, *masked = begin;
  auto isAt = [&](const std::byte *at, const std::byte *value) { return std::memcmp(at, value, size) == 0; };
  // The first row and the first column say what stands at each distance.
  int64_t first = 0, last = 0;
  while (last + 1 < tokens && isAt(begin + (last + 1) * size, seen))
    ++last;
  while (first - 1 > -tokens && isAt(begin + (1 - first) * tokens * size, seen))
    --first;
  if (last + 1 < tokens)
    masked = begin + (last + 1) * size;
  else if (first - 1 > -tokens)
    masked = begin + (1 - first) * tokens * size;
  std::optional<double> seenNumber = readNumber(mask.spec.dtype, seen),
                        maskedNumber = readNumber(mask.spec.dtype, masked);
  if (!seenNumber || !maskedNumber)
    return {};
  const std::byte *at = begin;
  for (int64_t row = 0, rows = static_cast<int64_t>(mask.spec.numElements()) / tokens; row < rows; ++row)
    for (int64_t t = row % tokens, j = 0; j < tokens; ++j, at += size)
      if (!isAt(at, first <= j - t && j - t <= last ? seen : masked))
        return {};
  Builder builder(context);
  NamedAttrList band;
  band.append("seen", builder.getF64FloatAttr(*seenNumber));
  band.append("masked", builder.getF64FloatAttr(*maskedNumber));
  band.append("first", builder.getI64IntegerAttr(first));
  band.append("last", builder.getI64IntegerAttr(last));
  return band.getDictionary(context);
}

} // namespace xlstm
