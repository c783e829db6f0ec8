//===- PlaceWeight.cpp - a stored weight as a model wants it --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Target/Native/PlaceWeight.h"
#include "lib/Target/Native/PackPanels.h"
#include "lib/Target/Native/ConvertFloats.h"

namespace xlstm {

/// The blocks' bytes, one row of all dimensions in front of theirs after the other.
static std::vector<std::byte> takeBlocks(const TensorSpec &tensor, const WeightBlocks &taken,
                                         std::span<const std::byte> stored) {
  auto axis = static_cast<size_t>(taken.axis);
  size_t inner = sizeOf(tensor.dtype), row = 0;
  for (size_t i = axis + 1; i < tensor.shape.size(); ++i)
    inner *= static_cast<size_t>(tensor.shape[i]);
  row = inner * static_cast<size_t>(tensor.shape[axis]);
  const size_t block = inner * static_cast<size_t>(taken.size);
  std::vector<std::byte> bytes;
  bytes.reserve(stored.size() / row * block * taken.blocks.size());
  for (size_t from = 0; from < stored.size(); from += row)
    for (int64_t index : taken.blocks) {
      std::span<const std::byte> part = stored.subspan(from + static_cast<size_t>(index) * block, block);
      bytes.insert(bytes.end(), part.begin(), part.end());
    }
  return bytes;
}

void placeWeight(const WeightPlacement &weight, std::span<const std::byte> stored,
                 const std::function<void(std::span<const std::byte>)> &sink) {
  std::vector<std::byte> taken;
  int64_t columns = weight.tensor.shape.empty() ? 1 : weight.tensor.shape.back();
  if (weight.blocks) {
    taken = takeBlocks(weight.tensor, *weight.blocks, stored);
    stored = taken;
    if (weight.blocks->axis + 1 == static_cast<int64_t>(weight.tensor.shape.size()))
      columns = weight.blocks->size * static_cast<int64_t>(weight.blocks->blocks.size());
  }
  if (weight.panels)
    packPanels(stored, weight.tensor.dtype, columns, *weight.panels, sink);
  else
    convertFloats(stored, weight.tensor.dtype, weight.type, sink);
}

} // namespace xlstm
