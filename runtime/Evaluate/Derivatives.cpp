//===- Derivatives.cpp - functions whose derivative is written by hand ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Derivatives.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <limits>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();

struct RmsNorm : Function<RmsNorm> {
  static Tensor forward(AutogradContext *context, const Tensor &x, const Tensor &weight, double eps) {
    Tensor scale = x.square().mean(-1, true).add_(eps).rsqrt_();
    context->save_for_backward({x, weight, scale});
    return (x * scale).mul_(weight);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &scale = saved[2], &g = gradients[0];
    Tensor product = g * x, dx, dWeight;
    if (context->needs_input_grad(0)) {
      Tensor along = at::matmul(product, weight).unsqueeze(-1) * scale.pow(3) / x.size(-1);
      dx = (g * weight).mul_(scale).addcmul_(x, along, -1);
    }
    if (context->needs_input_grad(1))
      dWeight = at::matmul(scale.reshape({1, -1}), product.reshape({-1, x.size(-1)})).squeeze(0);
    return {dx, dWeight, {}};
  }
};

/// `sign` = -1 turns back.
Tensor turn(const Tensor &x, const Tensor &cos, const Tensor &sin, double sign) {
  Tensor result = at::empty(x.sizes(), x.options());
  int64_t half = x.size(-1) / 2;
  Tensor low = x.narrow(-1, 0, half), high = x.narrow(-1, half, half);
  Tensor newLow = result.narrow(-1, 0, half), newHigh = result.narrow(-1, half, half);
  at::mul_out(newLow, low, cos).addcmul_(high, sin, -sign);
  at::mul_out(newHigh, high, cos).addcmul_(low, sin, sign);
  return result;
}

struct RotatePairs : Function<RotatePairs> {
  static Tensor forward(AutogradContext *context, const Tensor &x, const Tensor &cos, const Tensor &sin) {
    context->save_for_backward({cos, sin});
    return turn(x, cos, sin, 1);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    return {turn(gradients[0], saved[0], saved[1], -1), {}, {}};
  }
};

struct DecayedScores : Function<DecayedScores> {
  static Tensor forward(AutogradContext *context, const Tensor &queries, const Tensor &keys, const Tensor &a,
                        const Tensor &top, const Tensor &hidden) {
    Tensor q = queries.contiguous(), k = keys.contiguous();
    Tensor scores = at::matmul(q, k.transpose(-1, -2));
    // The difference is taken in float64 and only then rounded: both terms may be in the thousands.
    Tensor weights = at::empty_like(scores);
    at::sub_out(weights, a.unsqueeze(-2), top.unsqueeze(-1));
    weights.masked_fill_(hidden, -Infinity).exp_();
    scores.mul_(weights);
    context->save_for_backward({q, k, weights, scores});
    return scores;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &weights = saved[2], &scores = saved[3], &g = gradients[0];
    Tensor da = (g * scores).sum(-2).to(at::kDouble), dProduct = g * weights;
    return {at::matmul(dProduct, k), at::matmul(dProduct.transpose(-1, -2), q), da, {}, {}};
  }
};

struct DivideByLast : Function<DivideByLast> {
  static Tensor forward(AutogradContext *context, const Tensor &x, double smallest) {
    int64_t d = x.size(-1) - 1;
    Tensor last = x.narrow(-1, d, 1), divisor = last.clamp_min(smallest);
    Tensor result = x.narrow(-1, 0, d) / divisor;
    context->save_for_backward({result, divisor, last >= smallest});
    return result;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    const Tensor &result = saved[0], &divisor = saved[1], &g = gradients[0];
    int64_t d = result.size(-1);
    std::vector<int64_t> shape = result.sizes().vec();
    shape.back() = d + 1;
    Tensor dx = at::empty(shape, result.options());
    dx.narrow(-1, 0, d).copy_(g).div_(divisor);
    Tensor dLast = (g * result).sum(-1, true).neg_().div_(divisor);
    dx.narrow(-1, d, 1).copy_(at::where(saved[2], dLast, at::Scalar(0)));
    return {dx, {}};
  }
};

/// Calls `work(from, count)` for blocks of rows of a matrix with V columns, so that temporaries stay small.
template <typename F>
void forRows(const Tensor &logits, F work) {
  constexpr int64_t Elements = 1 << 20;
  int64_t rows = logits.size(0), block = std::max<int64_t>(1, Elements / std::max<int64_t>(1, logits.size(1)));
  for (int64_t from = 0; from < rows; from += block)
    work(from, std::min(block, rows - from));
}

/// g * exp(logits - logSum), block by block into `result`; the block goes to `after` behind that.
template <typename F>
Tensor scaledSoftmax(const Tensor &logits, const Tensor &logSum, const Tensor &g, F after) {
  Tensor result = at::empty_like(logits);
  forRows(logits, [&](int64_t from, int64_t count) {
    Tensor block = result.narrow(0, from, count);
    at::sub_out(block, logits.narrow(0, from, count), logSum.narrow(0, from, count).unsqueeze(-1));
    block.exp_().mul_(g.narrow(0, from, count).unsqueeze(-1));
    after(block, from, count);
  });
  return result;
}

struct RowCrossEntropy : Function<RowCrossEntropy> {
  static Tensor forward(AutogradContext *context, const Tensor &logits, const Tensor &labels) {
    Tensor logSum = at::empty({logits.size(0)}, logits.options());
    forRows(logits, [&](int64_t from, int64_t count) {
      logSum.narrow(0, from, count).copy_(at::logsumexp(logits.narrow(0, from, count), -1));
    });
    context->save_for_backward({logits, labels, logSum});
    Tensor loss = logSum - logits.gather(1, labels.clamp_min(0).unsqueeze(-1)).squeeze(-1);
    return loss.masked_fill_(labels < 0, 0);
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    Tensor labels = saved[1].clamp_min(0).unsqueeze(-1);
    Tensor g = gradients[0].masked_fill(saved[1] < 0, 0);
    Tensor dLogits = scaledSoftmax(saved[0], saved[2], g, [&](const Tensor &block, int64_t from, int64_t count) {
      block.scatter_add_(1, labels.narrow(0, from, count), g.narrow(0, from, count).neg().unsqueeze(-1));
    });
    return {dLogits, {}};
  }
};

struct LogSumOfOthers : Function<LogSumOfOthers> {
  static Tensor forward(AutogradContext *context, const Tensor &logits, const Tensor &ids) {
    Tensor logSum = at::empty({logits.size(0)}, logits.options());
    forRows(logits, [&](int64_t from, int64_t count) {
      Tensor block = logits.narrow(0, from, count).scatter(1, ids.narrow(0, from, count), -Infinity);
      logSum.narrow(0, from, count).copy_(at::logsumexp(block, -1));
    });
    context->save_for_backward({logits, ids, logSum});
    return logSum;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    // A row without others has the sum -inf and no gradient.
    Tensor none = saved[2] == -Infinity, g = gradients[0].masked_fill(none, 0);
    auto exceptChosen = [&](Tensor &block, int64_t from, int64_t count) {
      block.scatter_(1, saved[1].narrow(0, from, count), 0);
    };
    return {scaledSoftmax(saved[0], saved[2].masked_fill(none, 0), g, exceptChosen), {}};
  }
};

} // namespace

Tensor rmsNorm(const Tensor &x, const Tensor &weight, double eps) { return RmsNorm::apply(x, weight, eps); }

Tensor rotatePairs(const Tensor &x, const Tensor &cos, const Tensor &sin) { return RotatePairs::apply(x, cos, sin); }

Tensor decayedScores(const Tensor &q, const Tensor &k, const Tensor &a, const Tensor &top, const Tensor &hidden) {
  return DecayedScores::apply(q, k, a, top, hidden);
}

Tensor divideByLast(const Tensor &x, double smallest) { return DivideByLast::apply(x, smallest); }

Tensor rowCrossEntropy(const Tensor &logits, const Tensor &labels) { return RowCrossEntropy::apply(logits, labels); }

Tensor logSumOfOthers(const Tensor &logits, const Tensor &ids) { return LogSumOfOthers::apply(logits, ids); }

} // namespace xlstm::evaluate
