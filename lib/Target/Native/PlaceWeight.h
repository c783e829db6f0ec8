//===- PlaceWeight.h - a stored weight as a model wants it ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_PLACEWEIGHT_H
#define LIB_TARGET_NATIVE_PLACEWEIGHT_H

#include "xlstm/Target/Object.h"

#include <functional>

namespace xlstm {

/// Hands what has to lie at `weight.offset` to `sink`, in pieces: the bytes of weight.tensor, or its blocks of them, in
/// the type that the model reads.
void placeWeight(const WeightPlacement &weight, std::span<const std::byte> stored,
                 const std::function<void(std::span<const std::byte>)> &sink);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_PLACEWEIGHT_H
