//===- Heads.cpp - heads followed through moved elements ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Heads.h"

using namespace mlir;

namespace xlstm::raise {

static bool isMovement(Operation *op) {
  return isa_and_nonnull<onnx::ReshapeOp, onnx::TransposeOp, onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::ExpandOp,
                         onnx::TileOp, onnx::FlattenOp, onnx::IdentityOp>(op);
}

/// The operand of a product with a constant, and the constant.
static std::optional<Source> matchScaled(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<onnx::MulOp, onnx::DivOp>(op))
    return std::nullopt;
  if (std::optional<double> factor = scalarOf(op->getOperand(1)); factor && *factor != 0)
    return Source{op->getOperand(0), isa<onnx::DivOp>(op) ? 1 / *factor : *factor};
  if (std::optional<double> factor = scalarOf(op->getOperand(0)); factor && isa<onnx::MulOp>(op))
    return Source{op->getOperand(1), *factor};
  return std::nullopt;
}

Source findSource(Value value) {
  Source source{value};
  while (true) {
    if (std::optional<Source> scaled = matchScaled(source.value)) {
      source = {scaled->value, source.factor * scaled->factor};
      continue;
    }
    Operation *op = source.value.getDefiningOp();
    if (!isMovement(op))
      return source;
    source.value = op->getOperand(0);
  }
}

/// The size to evaluate at: the types say which dimensions are dynamic.
static onnx::Size sizeFor(Value source) {
  ArrayRef<int64_t> shape = shapeOf(source);
  return {ShapedType::isDynamic(shape[0]) ? 2 : shape[0], ShapedType::isDynamic(shape[1]) ? 5 : shape[1]};
}

/// `value` when the elements of `source` are their own positions, divided by `factor`; and the shape of the source.
static std::optional<std::pair<Tensor, Tensor>> movePositions(Value value, const Source &source) {
  ArrayRef<int64_t> shape = shapeOf(source.value);
  if (shape.size() < 3 || llvm::any_of(shape.drop_front(2), ShapedType::isDynamic))
    return std::nullopt;
  onnx::Size size = sizeFor(source.value);
  SmallVector<int64_t> concrete(shape);
  concrete[0] = size.batch;
  concrete[1] = size.tokens;
  if (int64_t count = onnx::sizeOf(concrete); count == 0 || count > onnx::maxElements)
    return std::nullopt;
  Tensor positions = onnx::makeIota(Kind::Float, concrete);
  if (value == source.value)
    return std::pair(positions, positions);
  onnx::Values given;
  given[source.value] = positions;
  std::optional<Tensor> moved = evaluate(value, size, given);
  return moved ? std::optional(std::pair(*moved, positions)) : std::nullopt;
}

std::optional<Heads> findHeads(OpBuilder &builder, Value value, Layout layout, std::string &why) {
  Source source = findSource(value);
  auto tensors = movePositions(value, source);
  if (!tensors || tensors->first.rank() != 4 || (tensors->second.rank() != 3 && tensors->second.rank() != 4)) {
    why = "expected heads that are split from an activation [B, T, C]";
    return std::nullopt;
  }
  const auto &[moved, from] = *tensors;
  int64_t heads = moved.shape[layout.head], dim = moved.shape[layout.channel];
  int64_t channels = from.size() / (from.shape[0] * from.shape[1]);
  if (dim == 0 || channels % dim != 0 || heads % (channels / dim) != 0) {
    why = "expected heads of " + std::to_string(dim) + " channels that divide " + std::to_string(channels);
    return std::nullopt;
  }
  int64_t sourceHeads = channels / dim, repeat = heads / sourceHeads, mismatches = 0;
  bool fits = moved.shape[layout.batch] == from.shape[0] && moved.shape[layout.token] == from.shape[1];
  if (fits)
    onnx::forEachElement(moved.shape, [&](ArrayRef<int64_t> index, int64_t position) {
      int64_t token = index[layout.batch] * from.shape[1] + index[layout.token];
      int64_t expected = token * channels + index[layout.head] / repeat * dim + index[layout.channel];
      mismatches += std::abs(moved[position] / source.factor - static_cast<double>(expected)) > 0.25;
    });
  if (!fits || mismatches > 0) {
    why = "expected heads in order, each repeated in place, found another order of elements";
    return std::nullopt;
  }
  Value result = source.value;
  ArrayRef<int64_t> shape = shapeOf(result);
  if (shape.size() == 4 && shape[2] != sourceHeads) {
    why = "expected " + std::to_string(sourceHeads) + " heads";
    return std::nullopt;
  }
  if (shape.size() == 3) {
    auto type = RankedTensorType::get({shape[0], shape[1], sourceHeads, dim},
                                      cast<RankedTensorType>(result.getType()).getElementType());
    auto merged = result.getDefiningOp<lm::MergeHeadsOp>();
    if (merged && merged.getX().getType() == type)
      return Heads{merged.getX(), repeat, source.factor};
    result = builder.create<lm::SplitHeadsOp>(value.getLoc(), type, result);
  }
  return Heads{result, repeat, source.factor};
}

bool isMerged(Value value, Value source) {
  auto tensors = movePositions(value, {source});
  if (!tensors || tensors->first.rank() != 3 || tensors->first.size() != tensors->second.size() ||
      tensors->first.shape[0] != tensors->second.shape[0] || tensors->first.shape[1] != tensors->second.shape[1])
    return false;
  for (int64_t i = 0; i < tensors->first.size(); ++i)
    if (tensors->first[i] != static_cast<double>(i))
      return false;
  return true;
}

} // namespace xlstm::raise
