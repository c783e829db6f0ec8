//===- Dequantise.cpp - tensors that are stored in few bits ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/Dequantise.h"

#include "xlstm/Runtime/Files/Floats.h"
#include "xlstm/Support/Error.h"

#include <cstring>

namespace xlstm {
namespace {

bool isNumberType(DType type) {
  return type == DType::I8 || type == DType::U8 || type == DType::I16 || type == DType::U16 || type == DType::I32;
}

/// Integer `i` of a tensor of isNumberType.
int64_t loadInteger(const OnnxTensor &tensor, uint64_t i) {
  const std::byte *from = tensor.bytes.data();
  auto load = [&]<typename T>(T value) -> int64_t {
    std::memcpy(&value, from + i * sizeof(value), sizeof(value));
    return value;
  };
  if (int64_t bits = tensor.packedBits) {
    uint64_t perByte = 8 / bits;
    auto value =
        static_cast<int64_t>(std::to_integer<uint64_t>(from[i / perByte]) >> (i % perByte * bits)) & ((1 << bits) - 1);
    bool isNegative = tensor.spec.dtype == DType::I8 && (value >> (bits - 1)) != 0;
    return isNegative ? value - (1 << bits) : value;
  }
  switch (tensor.spec.dtype) {
  case DType::I8:
    return load(int8_t());
  case DType::U8:
    return load(uint8_t());
  case DType::I16:
    return load(int16_t());
  case DType::U16:
    return load(uint16_t());
  default:
    return load(int32_t());
  }
}

/// The numbers seen as [outer, along, inner], `along` the axis, and scales as [outer or 1, blocks, inner or 1].
struct Layout {
  uint64_t outer = 1, along = 1, inner = 1, perBlock = 1;
  uint64_t outerStride = 0, blockStride = 0, innerStride = 0;

  explicit Layout(const Dequantisation &source) {
    const std::vector<int64_t> &shape = source.numbers.spec.shape;
    if (source.scales.spec.numElements() == 1) { // one for all
      outer = source.numbers.spec.numElements();
      return;
    }
    for (size_t i = 0; i < shape.size(); ++i)
      (static_cast<int64_t>(i) < source.axis    ? outer
       : static_cast<int64_t>(i) == source.axis ? along
                                                : inner) *= shape[i];
    perBlock = source.blockSize == 0 ? 1 : source.blockSize;
    blockStride = source.blockSize == 0 ? 1 : inner;
    innerStride = source.blockSize == 0 ? 0 : 1;
    outerStride = source.blockSize == 0 ? 0 : (along + perBlock - 1) / perBlock * inner;
  }
};

std::vector<std::byte> compute(const Dequantisation &source) {
  std::vector<std::byte> bytes(source.numbers.spec.numElements() * sizeof(float));
  Layout layout(source);
  DType scaleType = source.scales.spec.dtype;
  uint64_t i = 0;
  for (uint64_t o = 0; o < layout.outer; ++o)
    for (uint64_t a = 0; a < layout.along; ++a)
      for (uint64_t n = 0; n < layout.inner; ++n, ++i) {
        uint64_t at = o * layout.outerStride + a / layout.perBlock * layout.blockStride + n * layout.innerStride;
        int64_t zero = source.zeroPoints ? loadInteger(*source.zeroPoints, at) : 0;
        float scale = loadFloat(scaleType, source.scales.bytes.data() + at * sizeOf(scaleType));
        float value = static_cast<float>(loadInteger(source.numbers, i) - zero) * scale;
        std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(float));
      }
  return bytes;
}

/// Whether scales have the shape that numbers, axis and blocks ask for; sets an axis from behind to one from before.
bool fitScales(Dequantisation &source) {
  const std::vector<int64_t> &numbers = source.numbers.spec.shape, &scales = source.scales.spec.shape;
  auto rank = static_cast<int64_t>(numbers.size());
  if (source.scales.spec.numElements() == 1 && scales.size() <= 1)
    return source.blockSize == 0;
  source.axis += source.axis < 0 ? rank : 0;
  if (source.axis < 0 || source.axis >= rank || source.blockSize < 0)
    return false;
  int64_t along = numbers[source.axis];
  if (source.blockSize == 0)
    return scales.size() == 1 && scales[0] == along;
  std::vector<int64_t> expected = numbers;
  expected[source.axis] = along / source.blockSize + (along % source.blockSize != 0);
  return scales == expected;
}

} // namespace

OnnxTensor dequantised(Dequantisation source, const std::string &place) {
  const TensorSpec &numbers = source.numbers.spec, &scales = source.scales.spec;
  if (!isNumberType(numbers.dtype) || !isWeightType(scales.dtype) || source.numbers.source || source.scales.source)
    fail(place, ": expected stored integers and float scales, found ", describe(numbers), " and ", describe(scales));
  if (!fitScales(source))
    fail(place, ": expected a scale for all numbers, for each index of the axis or for each block, found axis ",
         source.axis, ", blocks of ", source.blockSize, ", numbers ", describe(numbers), " and scales ",
         describe(scales));
  if (const std::optional<OnnxTensor> &zero = source.zeroPoints)
    if (zero->spec.dtype != numbers.dtype || zero->packedBits != source.numbers.packedBits ||
        zero->spec.shape != scales.shape)
      fail(place, ": expected a zero point of the numbers' type for each of ", describe(scales), ", found ",
           describe(zero->spec));
  OnnxTensor result;
  result.spec = {"", DType::F32, numbers.shape};
  result.source = std::make_shared<const Dequantisation>(std::move(source));
  return result;
}

OnnxTensor plain(const OnnxTensor &tensor) {
  if (isPlain(tensor))
    return tensor;
  auto owned = std::make_shared<std::vector<std::byte>>();
  if (tensor.source) {
    *owned = compute(*tensor.source);
    releasePages(tensor.source->numbers);
  } else {
    for (uint64_t i = 0; i < tensor.spec.numElements(); ++i)
      owned->push_back(static_cast<std::byte>(loadInteger(tensor, i)));
  }
  OnnxTensor result;
  result.spec = tensor.spec;
  result.bytes = *owned;
  result.owned = owned;
  return result;
}

} // namespace xlstm
