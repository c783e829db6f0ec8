//===- ConvertFloats.h - weights in another type --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_CONVERTFLOATS_H
#define LIB_TARGET_NATIVE_CONVERTFLOATS_H

#include "xlstm/Support/DType.h"

#include <cstddef>
#include <functional>
#include <span>

namespace xlstm {

/// Hands the elements of `stored`, F32, BF16 or F16, to `sink` as `to`, F32 or BF16, in pieces of a multiple of 8
/// bytes, the last one excepted. Rounds to nearest, ties to even; as they are where the types are equal.
void convertFloats(std::span<const std::byte> stored, DType from, DType to,
                   const std::function<void(std::span<const std::byte>)> &sink);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_CONVERTFLOATS_H
