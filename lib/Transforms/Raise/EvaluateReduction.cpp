//===- EvaluateReduction.cpp - sums, products, shapes of fused blocks -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Evaluate.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <array>

using namespace mlir;

namespace xlstm::raise {
namespace {

using Shape = SmallVector<int64_t, 4>;

constexpr int64_t maxRows = int64_t{1} << 28;

bool cumSum(Call &call) {
  const Tensor &input = call.inputs[0];
  std::optional<Shape> given = call.integers(1);
  if (!given || given->size() != 1)
    return call.fail("expected one number as axis");
  std::optional<int64_t> axis = call.axis(given->front(), input.rank());
  if (!axis)
    return false;
  if (call.attr("exclusive", 0) != 0 || call.attr("reverse", 0) != 0)
    return call.fail("expected exclusive and reverse to be 0");
  Tensor result{input.kind, input.shape, nullptr};
  if (!input.isKnown())
    return call.done(result);
  std::vector<double> values(*input.data);
  int64_t stride = stridesOf(input.shape)[*axis];
  forEachElement(input.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    if (index[*axis] > 0)
      values[position] += values[position - stride];
  });
  return call.done(makeTensor(input.kind, input.shape, std::move(values)));
}

bool reduce(Call &call) {
  const Tensor &input = call.inputs[0];
  Shape axes;
  if (auto attr = call.op->getAttrOfType<DenseI64ArrayAttr>("axes")) {
    axes.assign(attr.asArrayRef().begin(), attr.asArrayRef().end());
  } else if (call.has(1)) {
    std::optional<Shape> given = call.integers(1);
    if (!given)
      return false;
    axes = *given;
  }
  SmallVector<bool> reduced(input.rank(), axes.empty() && call.attr("noop_with_empty_axes", 0) == 0);
  for (int64_t value : axes) {
    std::optional<int64_t> axis = call.axis(value, input.rank());
    if (!axis)
      return false;
    reduced[*axis] = true;
  }
  Shape kept, shape;
  int64_t count = 1;
  for (int64_t i = 0; i < input.rank(); ++i) {
    kept.push_back(reduced[i] ? 1 : input.shape[i]);
    count *= reduced[i] ? input.shape[i] : 1;
    if (!reduced[i] || call.attr("keepdims", 1) != 0)
      shape.push_back(kept.back());
  }
  Tensor result{input.kind, shape, nullptr};
  if (!input.isKnown())
    return call.done(result);
  std::vector<double> values(result.size(), 0);
  forEachElement(input.shape, [&](ArrayRef<int64_t> index, int64_t position) {
    values[broadcastPosition(kept, index)] += input[position];
  });
  if (call.op->getName().stripDialect() == "ReduceMean")
    for (double &value : values)
      value /= static_cast<double>(count);
  return call.done(makeTensor(input.kind, shape, std::move(values)));
}

bool softmax(Call &call) {
  const Tensor &input = call.inputs[0];
  if (input.kind != Kind::Float)
    return call.fail("expected floats, found " + describe(input));
  if (!call.axis(call.attr("axis", -1), input.rank()))
    return false;
  return call.done({Kind::Float, input.shape, nullptr});
}

bool multiply(Call &call, bool transposeSecond) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1];
  if (a.kind != b.kind || a.kind != Kind::Float || a.rank() < 2 || b.rank() < 2)
    return call.fail("expected two float tensors of rank 2 or more, found " + describe(a) + " and " + describe(b));
  int64_t inner = a.shape.back(), columns = b.shape[b.rank() - (transposeSecond ? 2 : 1)];
  if (b.shape[b.rank() - (transposeSecond ? 1 : 2)] != inner)
    return call.fail("expected inner dimensions that agree, found " + describe(a) + " and " + describe(b));
  ArrayRef<int64_t> aBatch = ArrayRef(a.shape).drop_back(2), bBatch = ArrayRef(b.shape).drop_back(2);
  std::optional<Shape> shape = broadcast(aBatch, bBatch);
  if (!shape)
    return call.fail("expected batch dimensions that broadcast, found " + describe(a) + " and " + describe(b));
  int64_t rows = a.shape[a.rank() - 2];
  Shape batch = *shape;
  shape->push_back(rows);
  shape->push_back(columns);
  Tensor result{Kind::Float, *shape, nullptr};
  if (!a.isKnown() || !b.isKnown() || transposeSecond || result.size() > maxElements / (inner + 1))
    return call.done(result);
  std::vector<double> values(result.size(), 0);
  forEachElement(*shape, [&](ArrayRef<int64_t> index, int64_t position) {
    int64_t fromA = (broadcastPosition(aBatch, index.drop_back(2)) * rows + index[index.size() - 2]) * inner;
    int64_t fromB = broadcastPosition(bBatch, index.drop_back(2)) * inner * columns + index.back();
    for (int64_t k = 0; k < inner; ++k)
      values[position] += a[fromA + k] * b[fromB + k * columns];
  });
  return call.done(makeTensor(Kind::Float, *shape, std::move(values)));
}

bool matMul(Call &call) { return multiply(call, false); }

bool fusedMatMul(Call &call) {
  if (call.attr("transA", 0) != 0 || call.attr("transBatchA", 0) != 0 || call.attr("transBatchB", 0) != 0)
    return call.fail("expected only the second input to be transposed");
  return multiply(call, call.attr("transB", 0) != 0);
}

/// Checks the sizes of numbers in blocks: `rows` rows of `columns` each; operands numbers, scales and zero points.
bool checkBlocks(Call &call, int64_t rows, int64_t columns, std::array<unsigned, 3> operands) {
  int64_t bits = call.attr("bits", 4), size = call.attr("block_size", 128);
  if ((bits != 2 && bits != 4 && bits != 8) || size < 16 || size > 4096 || !llvm::isPowerOf2_64(size))
    return call.fail("expected 2, 4 or 8 bits in blocks of a power of two from 16 to 4096, found " + Twine(bits) +
                     " bits in blocks of " + Twine(size));
  int64_t perRow = (columns + size - 1) / size;
  const Tensor &numbers = call.inputs[operands[0]], &scales = call.inputs[operands[1]];
  if (rows < 1 || columns < 1 || rows > maxRows || columns > maxRows || numbers.kind != Kind::Int ||
      numbers.rank() < 2 || numbers.shape[0] != rows || numbers.size() != rows * perRow * size * bits / 8)
    return call.fail("expected " + Twine(rows) + " rows of " + Twine(columns) + " numbers of " + Twine(bits) +
                     " bits in whole blocks, found " + describe(numbers));
  if (scales.kind != Kind::Float || scales.size() != rows * perRow)
    return call.fail("expected " + Twine(perRow) + " scales a row, found " + describe(scales));
  if (!call.has(operands[2]))
    return true;
  const Tensor &zeros = call.inputs[operands[2]];
  int64_t wanted = zeros.kind == Kind::Int ? (perRow * bits + 7) / 8 : perRow;
  return zeros.size() == rows * wanted ||
         call.fail("expected zero points of " + Twine(perRow) + " blocks a row, found " + describe(zeros));
}

bool matMulNBits(Call &call) {
  int64_t rows = call.attr("N", 0), columns = call.attr("K", 0);
  Tensor result{Kind::Float, call.inputs[0].shape, nullptr};
  if (call.inputs[0].kind != Kind::Float || result.rank() < 2 || result.shape.back() != columns)
    return call.fail("expected floats of K = " + Twine(columns) + " channels, found " + describe(call.inputs[0]));
  if (!checkBlocks(call, rows, columns, {1, 2, 3}))
    return false;
  if (call.has(4))
    return call.fail("expected columns in order, found an input of group indices");
  result.shape.back() = rows;
  return call.done(result);
}

/// Rows of a quantised matrix. Where the numbers are bytes of two, a row has half as many as channels.
bool gatherBlockQuantised(Call &call) {
  const Tensor &numbers = call.inputs[0], &ids = call.inputs[1];
  int64_t bits = call.attr("bits", 4);
  if (call.attr("gather_axis", 0) != 0 || (bits != 2 && bits != 4 && bits != 8) ||
      (numbers.rank() == 2 && call.attr("quantize_axis", 1) != 1) || numbers.rank() < 2 || ids.kind != Kind::Int)
    return call.fail("expected rows to be gathered and quantised along themselves, found " + describe(numbers));
  int64_t columns = numbers.shape[0] == 0 ? 0 : numbers.size() / numbers.shape[0] * 8 / bits;
  if (!checkBlocks(call, numbers.shape[0], columns, {0, 2, 3}))
    return false;
  Tensor result{Kind::Float, ids.shape, nullptr};
  result.shape.push_back(columns);
  return call.done(result);
}

/// Norms: results after the first are statistics, or for the norm of a sum the sum itself (the fourth).
bool norm(Call &call) {
  const Tensor &x = call.inputs[0];
  bool isSum = call.op->getName().stripDialect() == "microsoft.SkipSimplifiedLayerNormalization";
  const Tensor &weight = call.inputs[isSum ? 2 : 1];
  if (x.kind != Kind::Float || weight.kind != Kind::Float || weight.rank() != 1 || x.rank() < 1 ||
      weight.shape[0] != x.shape.back())
    return call.fail("expected floats and a weight of their last dimension, found " + describe(x) + " and " +
                     describe(weight));
  if (isSum && call.inputs[1].shape != x.shape)
    return call.fail("expected two inputs of one shape, found " + describe(x) + " and " + describe(call.inputs[1]));
  for (unsigned i = 0; i < call.op->getNumResults(); ++i)
    call.outputs.push_back({Kind::Float, x.shape, nullptr});
  return true;
}

bool sameShape(Call &call) { return call.done({Kind::Float, call.inputs[0].shape, nullptr}); }

bool attention(Call &call) {
  const Tensor &q = call.inputs[0], &k = call.inputs[1], &v = call.inputs[2];
  if (q.rank() != k.rank() || q.rank() != v.rank() || (q.rank() != 3 && q.rank() != 4))
    return call.fail("expected queries, keys and values of rank 3 or 4, found " + describe(q) + ", " + describe(k) +
                     " and " + describe(v));
  Tensor result{Kind::Float, q.shape, nullptr};
  if (q.rank() == 4)
    result.shape[3] = v.shape[3];
  call.outputs.push_back(result);
  call.outputs.push_back({Kind::Float, k.shape, nullptr});
  call.outputs.push_back({Kind::Float, v.shape, nullptr});
  call.outputs.push_back({Kind::Float, q.shape, nullptr});
  call.outputs.resize(call.op->getNumResults());
  return true;
}

bool multiHeadAttention(Call &call) {
  const Tensor &q = call.inputs[0];
  int64_t heads = call.attr("num_heads", 0);
  if (q.rank() != 3 || !call.has(1) || !call.has(2) || heads < 1)
    return call.fail("expected queries, keys and values apart, queries [B, T, C], found " + describe(q));
  Tensor result{Kind::Float, q.shape, nullptr};
  const Tensor &v = call.inputs[2];
  result.shape[2] = v.rank() == 4 ? v.shape[3] * heads : v.shape.empty() ? 0 : v.shape.back();
  call.outputs.push_back(result);
  for (unsigned i = 1; i < call.op->getNumResults(); ++i)
    call.outputs.push_back({Kind::Float, {q.shape[0], heads, q.shape[1], q.shape[2] / heads}, nullptr});
  return true;
}

bool groupQueryAttention(Call &call) {
  Tensor result{Kind::Float, call.inputs[0].shape, nullptr};
  int64_t heads = call.attr("num_heads", 0), kvHeads = call.attr("kv_num_heads", 0);
  if (result.rank() != 3 || heads < 1 || kvHeads < 1)
    return call.fail("expected queries [B, T, C], num_heads and kv_num_heads, found " + describe(result));
  if (!call.has(1)) // queries, keys and values packed
    result.shape[2] = result.shape[2] / (heads + 2 * kvHeads) * heads;
  int64_t dim = result.shape[2] / heads;
  call.outputs.push_back(result);
  for (unsigned i = 1; i < call.op->getNumResults(); ++i)
    call.outputs.push_back({Kind::Float, {result.shape[0], kvHeads, result.shape[1], dim}, nullptr});
  return true;
}

} // namespace

Evaluator findReduction(StringRef mnemonic) {
  return llvm::StringSwitch<Evaluator>(mnemonic)
      .Case("CumSum", cumSum)
      .Cases("ReduceMean", "ReduceSum", reduce)
      .Case("Softmax", softmax)
      .Case("MatMul", matMul)
      .Case("microsoft.FusedMatMul", fusedMatMul)
      .Case("microsoft.MatMulNBits", matMulNBits)
      .Case("microsoft.GatherBlockQuantized", gatherBlockQuantised)
      .Cases("RMSNormalization", "SimplifiedLayerNormalization", "microsoft.SkipSimplifiedLayerNormalization", norm)
      .Cases("RotaryEmbedding", "microsoft.RotaryEmbedding", sameShape)
      .Case("Attention", attention)
      .Case("microsoft.GroupQueryAttention", groupQueryAttention)
      .Case("microsoft.MultiHeadAttention", multiHeadAttention)
      .Default(nullptr);
}

Evaluator findEvaluator(StringRef mnemonic) {
  for (auto find : {findElementwise, findMovement, findIndexing, findReduction})
    if (Evaluator evaluator = find(mnemonic))
      return evaluator;
  return nullptr;
}

} // namespace xlstm::raise
