//===- OnnxBlocks.cpp - ONNX products, norms, quantised weights -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/OnnxOps.h"

#include "xlstm/Support/Error.h"

#include <ATen/ATen.h>

using at::Tensor;

namespace xlstm::evaluate {

static Tensors matMul(const OnnxCall &call) { return {at::matmul(call.in(0), call.in(1))}; }

static Tensors fusedMatMul(const OnnxCall &call) {
  if (call.integer("transA", 0) != 0 || call.integer("transBatchA", 0) != 0 || call.integer("transBatchB", 0) != 0)
    fail("expected only the second input to be transposed");
  Tensor second = call.integer("transB", 0) != 0 ? call.in(1).transpose(-1, -2) : call.in(1);
  return {at::matmul(call.in(0), second) * call.number("alpha", 1)};
}

/// Numbers of `bits` bits out of bytes, low bits first; the last dimension becomes 8 / bits times as long.
static Tensor unpack(const Tensor &bytes, int64_t bits) {
  Tensor shifts = at::arange(0, 8, bits, at::kLong);
  Tensor numbers = at::bitwise_and(at::bitwise_right_shift(bytes.unsqueeze(-1), shifts), (int64_t{1} << bits) - 1);
  return numbers.flatten(-2);
}

/// The matrix [rows, columns] that numbers in blocks stand for (onnxruntime, ContribOperators: MatMulNBits).
static Tensor dequantise(const OnnxCall &call, const Tensor &packed, const Tensor &scales, size_t zeros,
                         int64_t columns) {
  int64_t bits = call.integer("bits", 4), size = call.integer("block_size", 128), rows = packed.size(0);
  int64_t blocks = (columns + size - 1) / size;
  Tensor numbers = unpack(packed.reshape({rows, -1}), bits).reshape({rows, blocks, size});
  Tensor zero = at::full({1, 1}, static_cast<double>(int64_t{1} << (bits - 1)), at::kDouble);
  if (call.has(zeros))
    zero = call.in(zeros).is_floating_point() ? call.in(zeros).reshape({rows, blocks})
                                              : unpack(call.in(zeros).reshape({rows, -1}), bits).narrow(1, 0, blocks);
  Tensor values = (numbers.to(at::kDouble) - zero.unsqueeze(-1)) * scales.reshape({rows, blocks, 1});
  return values.reshape({rows, blocks * size}).narrow(1, 0, columns);
}

static Tensors matMulNBits(const OnnxCall &call) {
  if (call.has(4))
    fail("expected columns in order, found an input of group indices");
  Tensor result = at::matmul(call.in(0), dequantise(call, call.in(1), call.in(2), 3, call.integer("K", 0)).t());
  return {call.has(5) ? result + call.in(5) : result};
}

static Tensors gatherBlockQuantised(const OnnxCall &call) {
  int64_t columns = call.in(0).numel() / call.in(0).size(0) * 8 / call.integer("bits", 4);
  return {at::embedding(dequantise(call, call.in(0), call.in(2), 3, columns), call.in(1))};
}

static Tensor rmsNorm(const Tensor &x, const Tensor &weight, double eps) {
  return x / at::sqrt(at::mean(x * x, -1, true) + eps) * weight;
}

static Tensors norm(const OnnxCall &call) {
  int64_t axis = call.integer("axis", -1);
  if (axis != -1 && axis != call.in(0).dim() - 1)
    fail("expected a norm over the last dimension");
  Tensors results(call.op->getNumResults());
  results[0] = rmsNorm(call.in(0), call.in(1), call.number("epsilon", 1e-5));
  return results;
}

static Tensors skipNorm(const OnnxCall &call) {
  Tensors results(call.op->getNumResults());
  Tensor sum = call.in(0) + call.in(1);
  if (call.has(3))
    sum = sum + call.in(3);
  results[0] = rmsNorm(sum, call.in(2), call.number("epsilon", 1e-5));
  if (results.size() > 3)
    results[3] = sum;
  return results;
}

void addOnnxBlocks(OnnxTable &table) {
  table["MatMul"] = matMul;
  table["microsoft.FusedMatMul"] = fusedMatMul;
  table["microsoft.MatMulNBits"] = matMulNBits;
  table["microsoft.GatherBlockQuantized"] = gatherBlockQuantised;
  table["RMSNormalization"] = norm;
  table["SimplifiedLayerNormalization"] = norm;
  table["microsoft.SkipSimplifiedLayerNormalization"] = skipNorm;
}

} // namespace xlstm::evaluate
