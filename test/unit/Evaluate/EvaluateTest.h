//===- EvaluateTest.h - one op as a program, errors, central differences --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_EVALUATE_EVALUATETEST_H
#define XLSTM_TEST_UNIT_EVALUATE_EVALUATETEST_H

#include "xlstm/Kernels/Reference.h"
#include "xlstm/Runtime/Evaluate/Program.h"

#include <gtest/gtest.h>

namespace xlstm::test {

using Tensors = std::vector<at::Tensor>;
using Shape = std::vector<int64_t>;

inline EvalOptions optionsOf(at::ScalarType type) {
  EvalOptions options;
  options.type = type;
  return options;
}
inline const EvalOptions Double = optionsOf(at::kDouble);

/// Values of [low, high), float64. The default leans to one side, so that a short sum does not cancel to nothing.
at::Tensor randomTensor(const Shape &shape, uint64_t seed, double low = -0.5, double high = 1.0);
at::Tensor intTensor(const std::vector<int32_t> &values, const Shape &shape);

/// doc_start [B, T]: row b has documents of lengths[b % n] tokens going round, cut at T.
at::Tensor documents(int64_t B, int64_t T, const std::vector<std::vector<int64_t>> &lengths);

/// A tensor's type in the IR: bf16 and f16 are shown as they are, other floats as f32.
std::string typeOf(const at::Tensor &tensor);
/// A program with the one function @f of `op`, in which $0, $1 .. are the arguments and `types` stands behind the colon
/// (the functional type when empty).
Program typedProgram(const std::string &op, const Tensors &arguments, const std::vector<std::string> &results,
                     const std::string &types = "");
/// The same with results of f32.
Program opProgram(const std::string &op, const Tensors &arguments, const std::vector<Shape> &results,
                  const std::string &types = "");
/// Its results.
Tensors evalOp(const std::string &op, const Tensors &arguments, const std::vector<Shape> &results,
               at::ScalarType type = at::kDouble, const std::string &types = "");

inline const double *data(const at::Tensor &tensor) { return tensor.const_data_ptr<double>(); }

/// The largest over heads of max|got - want| / max|want| for [B, T, H, d]; infinite where a value is not finite.
double headError(const at::Tensor &got, const at::Tensor &want);
/// max|got - want| / max|want| over all values.
double error(const at::Tensor &got, const at::Tensor &want);

/// The largest relative difference between autograd and central differences of sum(w * f(inputs)) over all float
/// inputs, in float64, with fixed pseudo-random w.
double gradientError(const std::function<Tensors(const Tensors &)> &f, const Tensors &inputs);

bool sameBits(const at::Tensor &a, const at::Tensor &b);

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_EVALUATE_EVALUATETEST_H
