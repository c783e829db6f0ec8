//===- Products.cpp - matrix products, weights of few bits ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Onnx/Call.h"

#include "llvm/Support/MathExtras.h"

#include <array>

using namespace mlir;

namespace xlstm::onnx {
namespace {

constexpr int64_t maxRows = int64_t{1} << 28;

/// x with its last two dimensions swapped.
Tensor transposed(const Call &call, const Tensor &x) {
  Shape shape = x.shape, strides = stridesOf(x.shape);
  std::swap(shape[x.rank() - 1], shape[x.rank() - 2]);
  std::swap(strides[x.rank() - 1], strides[x.rank() - 2]);
  return strided(call, x, shape, strides);
}

Tensor product(const Call &call, const Tensor &a, const Tensor &b) {
  int64_t rows = a.shape[a.rank() - 2], inner = a.shape.back(), columns = b.shape.back();
  if (b.shape[b.rank() - 2] != inner)
    fail("expected inner dimensions that agree, found ", describe(a), " and ", describe(b));
  ArrayRef<int64_t> aBatch = ArrayRef(a.shape).drop_back(2), bBatch = ArrayRef(b.shape).drop_back(2);
  std::optional<Shape> batch = broadcast(aBatch, bBatch);
  if (!batch)
    fail("expected batch dimensions that broadcast, found ", describe(a), " and ", describe(b));
  Shape shape = *batch;
  shape.append({rows, columns});
  return call.compute(Kind::Float, shape, {&a, &b}, sizeOf({sizeOf(shape), inner}), [&](std::vector<double> &values) {
    auto rank = static_cast<int64_t>(batch->size());
    std::array<Shape, 2> strides{broadcastStrides(aBatch, rank), broadcastStrides(bBatch, rank)};
    walk(*batch, strides, [&](int64_t position, ArrayRef<int64_t> from) {
      multiply(a.data->data() + from[0] * rows * inner, b.data->data() + from[1] * inner * columns,
               values.data() + position * rows * columns, rows, inner, columns);
    });
  });
}

void checkMatrices(const Tensor &a, const Tensor &b) {
  if (a.kind != Kind::Float || b.kind != Kind::Float || a.rank() < 2 || b.rank() < 2)
    fail("expected two float tensors of rank 2 or more, found ", describe(a), " and ", describe(b));
}

Outputs matMul(const Call &call) {
  checkMatrices(call.in(0), call.in(1));
  return {product(call, call.in(0), call.in(1))};
}

/// alpha * a * b + beta * c of matrices.
Outputs gemm(const Call &call) {
  checkMatrices(call.in(0), call.in(1));
  if (call.in(0).rank() != 2 || call.in(1).rank() != 2)
    fail("expected two matrices, found ", describe(call.in(0)), " and ", describe(call.in(1)));
  auto input = [&](unsigned i, const char *flag) {
    return call.integer(flag, 0) != 0 ? transposed(call, call.in(i)) : call.in(i);
  };
  auto scaled = [&](const Tensor &x, double factor) {
    return call.compute(Kind::Float, x.shape, {&x}, 0, [&](std::vector<double> &values) {
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = x[i] * factor;
    });
  };
  Tensor result = scaled(product(call, input(0, "transA"), input(1, "transB")), call.number("alpha", 1));
  return {call.has(2) ? sum(call, result, scaled(call.floats(2), call.number("beta", 1))) : result};
}

Outputs fusedMatMul(const Call &call) {
  const Tensor &a = call.in(0), &b = call.in(1);
  if (call.integer("transA", 0) != 0 || call.integer("transBatchA", 0) != 0 || call.integer("transBatchB", 0) != 0)
    fail("expected only the second input to be transposed");
  checkMatrices(a, b);
  Tensor result = product(call, a, call.integer("transB", 0) != 0 ? transposed(call, b) : b);
  return {call.compute(Kind::Float, result.shape, {&result}, 0, [&](std::vector<double> &values) {
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = result[i] * call.number("alpha", 1);
  })};
}

/// A matrix [rows, columns] of numbers of few bits. `size` of a row share a scale and, where there is one, a zero
/// point; where there are `groups`, they say which of its blocks a column belongs to.
struct Blocks {
  int64_t bits, size, rows, columns, perRow;
  const Tensor *numbers, *scales;
  Tensor zeros, groups;
};

/// Checks sizes; `operands` are numbers, scales and zero points.
Blocks blocksOf(const Call &call, int64_t rows, int64_t columns, std::array<unsigned, 3> operands) {
  Blocks blocks{call.integer("bits", 4),
                call.integer("block_size", 128),
                rows,
                columns,
                0,
                &call.in(operands[0]),
                &call.in(operands[1]),
                call.has(operands[2]) ? call.in(operands[2]) : Tensor(),
                {}};
  int64_t bits = blocks.bits, size = blocks.size;
  if ((bits != 2 && bits != 4 && bits != 8) || size < 16 || size > 4096 || !llvm::isPowerOf2_64(size))
    fail("expected 2, 4 or 8 bits in blocks of a power of two from 16 to 4096, found ", bits, " bits in blocks of ",
         size);
  bool fits = rows >= 1 && columns >= 1 && rows <= maxRows && columns <= maxRows;
  int64_t perRow = blocks.perRow = fits ? (columns + size - 1) / size : 0;
  const Tensor &numbers = *blocks.numbers, &scales = *blocks.scales;
  if (!fits || numbers.kind != Kind::Int || numbers.rank() < 2 || numbers.shape[0] != rows ||
      numbers.size() != rows * perRow * size * bits / 8)
    fail("expected ", rows, " rows of ", columns, " numbers of ", bits, " bits in whole blocks, found ",
         describe(numbers));
  if (scales.kind != Kind::Float || scales.size() != rows * perRow)
    fail("expected ", perRow, " scales a row, found ", describe(scales));
  int64_t zerosPerRow = blocks.zeros.kind == Kind::Int ? (perRow * bits + 7) / 8 : perRow;
  bool hasZeros = blocks.zeros.kind != Kind::None;
  if (hasZeros && (blocks.zeros.kind == Kind::Bool || blocks.zeros.size() != rows * zerosPerRow))
    fail("expected zero points of ", perRow, " blocks a row, found ", describe(blocks.zeros));
  return blocks;
}

/// Number `i` of those packed from byte `first` on, low bits first.
double packedNumber(const Tensor &bytes, int64_t first, int64_t i, int64_t bits) {
  int64_t perByte = 8 / bits, byte = bytes.integer(first + i / perByte);
  return static_cast<double>(byte >> (i % perByte * bits) & ((1 << bits) - 1));
}

Tensor dequantise(const Call &call, const Blocks &blocks) {
  const Tensor &numbers = *blocks.numbers, &scales = *blocks.scales, &zeros = blocks.zeros;
  int64_t perRow = blocks.perRow, bits = blocks.bits;
  auto zeroAt = [&](int64_t row, int64_t block) {
    if (zeros.kind == Kind::None)
      return static_cast<double>(1 << (bits - 1));
    return zeros.kind == Kind::Int ? packedNumber(zeros, row * ((perRow * bits + 7) / 8), block, bits)
                                   : zeros[row * perRow + block];
  };
  auto fill = [&](std::vector<double> &values) {
    for (int64_t i = 0; i < static_cast<int64_t>(values.size()); ++i) {
      int64_t row = i / blocks.columns, column = i % blocks.columns, block = column / blocks.size;
      if (blocks.groups.kind != Kind::None)
        block = blocks.groups.integer(column);
      double number = packedNumber(numbers, row * perRow * blocks.size * bits / 8, column, bits);
      values[i] = (number - zeroAt(row, block)) * scales[row * perRow + block];
    }
  };
  return call.compute(Kind::Float, {blocks.rows, blocks.columns}, {&numbers, &scales, &zeros, &blocks.groups}, 0, fill);
}

/// Input 4: which block each column belongs to, perhaps for those that fill the last block too.
Tensor groupsOf(const Call &call, const Blocks &blocks) {
  const Tensor &groups = call.in(4);
  if (blocks.bits != 4 || blocks.zeros.kind == Kind::Int)
    fail("expected group indices beside 4 bits and no packed zero points, for onnxruntime computes something else of "
         "others, found ",
         blocks.bits, " bits and ", describe(blocks.zeros));
  bool fits = groups.kind == Kind::Int && groups.size() >= blocks.columns;
  for (int64_t i = 0; fits && groups.isKnown() && i < blocks.columns; ++i)
    fits = groups.integer(i) >= 0 && groups.integer(i) < blocks.perRow;
  if (!fits)
    fail("expected a block below ", blocks.perRow, " for each of ", blocks.columns, " columns, found ",
         describe(groups));
  return groups;
}

Outputs matMulNBits(const Call &call) {
  const Tensor &x = call.in(0);
  int64_t rows = call.integer("N", 0), columns = call.integer("K", 0);
  if (x.kind != Kind::Float || x.rank() < 2 || x.shape.back() != columns)
    fail("expected floats of K = ", columns, " channels, found ", describe(x));
  Blocks blocks = blocksOf(call, rows, columns, {1, 2, 3});
  if (call.integer("weight_prepacked", 0) != 0)
    fail("expected weights in the order of the operator, found ones that were packed for a device");
  if (call.has(4))
    blocks.groups = groupsOf(call, blocks);
  Tensor result = product(call, x, transposed(call, dequantise(call, blocks)));
  return {call.has(5) ? sum(call, result, call.in(5)) : result};
}

/// Rows of a quantised matrix. Where the numbers are bytes of two, a row has half as many as channels.
Outputs gatherBlockQuantised(const Call &call) {
  const Tensor &numbers = call.in(0);
  int64_t bits = call.integer("bits", 4);
  if (call.integer("gather_axis", 0) != 0 || (bits != 2 && bits != 4 && bits != 8) ||
      (numbers.rank() == 2 && call.integer("quantize_axis", 1) != 1) || numbers.rank() < 2 || numbers.shape[0] == 0)
    fail("expected rows to be gathered and quantised along themselves, found ", describe(numbers));
  int64_t perRow = numbers.size() / numbers.shape[0], columns = perRow > maxRows ? 0 : perRow * 8 / bits;
  Blocks blocks = blocksOf(call, numbers.shape[0], columns, {0, 2, 3});
  return {gather(call, dequantise(call, blocks), call.in(1), 0)};
}

} // namespace

void addProducts(EvaluatorTable &table) {
  table["MatMul"] = matMul;
  table["Gemm"] = gemm;
  table["microsoft.FusedMatMul"] = fusedMatMul;
  table["microsoft.MatMulNBits"] = matMulNBits;
  table["microsoft.GatherBlockQuantized"] = gatherBlockQuantised;
}

} // namespace xlstm::onnx
