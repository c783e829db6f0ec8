//===- Finite.cpp - NaN and infinities in stored tensors ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Finite.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cstring>

using namespace xlstm;

namespace {

struct NonFinite {
  uint64_t index;
  const char *kind;
};

} // namespace

/// `exponent`: its bits, all set in what is not finite; `fraction`: those of a NaN's content. Blocks are looked at
/// whole, without a branch: most have nothing.
template <typename Bits>
static std::optional<NonFinite> find(std::span<const std::byte> bytes, Bits exponent, Bits fraction) {
  constexpr size_t block = 1024;
  Bits values[block];
  for (size_t at = 0, count = bytes.size() / sizeof(Bits); at < count; at += block) {
    size_t n = std::min(block, count - at);
    std::memcpy(values, bytes.data() + at * sizeof(Bits), n * sizeof(Bits));
    unsigned any = 0;
    for (size_t i = 0; i < n; ++i)
      any |= (values[i] & exponent) == exponent;
    for (size_t i = 0; any && i < n; ++i)
      if ((values[i] & exponent) == exponent)
        return NonFinite{at + i, (values[i] & fraction) ? "NaN" : "an infinity"};
  }
  return std::nullopt;
}

static std::optional<NonFinite> find(DType type, std::span<const std::byte> bytes) {
  switch (type) {
  case DType::F64:
    return find<uint64_t>(bytes, 0x7FF0'0000'0000'0000, 0x000F'FFFF'FFFF'FFFF);
  case DType::F32:
    return find<uint32_t>(bytes, 0x7F80'0000, 0x007F'FFFF);
  case DType::F16:
    return find<uint16_t>(bytes, 0x7C00, 0x03FF);
  case DType::BF16:
    return find<uint16_t>(bytes, 0x7F80, 0x007F);
  default:
    return std::nullopt;
  }
}

/// "[2, 7]": the place of an element in a tensor.
static std::string placeIn(const TensorSpec &spec, uint64_t index) {
  std::string text;
  for (size_t n = spec.shape.size(); n-- > 0; index /= uint64_t(spec.shape[n]))
    text = std::to_string(index % uint64_t(spec.shape[n])) + (text.empty() ? "" : ", ") + text;
  return "[" + text + "]";
}

void xlstm::checkFinite(const std::string &origin, const TensorSpec &spec, std::span<const std::byte> bytes) {
  if (std::optional<NonFinite> found = find(spec.dtype, bytes))
    fail(origin, ": tensor ", quote(spec.name), ": expected finite numbers, found ", found->kind, " at index ",
         placeIn(spec, found->index), " (--allow-nonfinite takes them as they are)");
}

void xlstm::checkFinite(const WeightFiles &weights) {
  for (const auto &[name, tensor] : weights.tensors())
    checkFinite(tensor.file->path().string(), tensor.spec, tensor.bytes);
}
