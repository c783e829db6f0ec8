//===- FusedLinear.cpp - products of the same rows as one function ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Fused.h"
#include "runtime/Evaluate/FusedLaunch.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

namespace xlstm::evaluate {

namespace {

/// Every `inner` elements of x as the bf16 terms of which `parts` says which, one block after the other.
Tensor split(const Tensor &input, int64_t inner, std::initializer_list<int32_t> parts) {
  Tensor x = input.contiguous(), y = at::empty({x.numel() * int64_t(parts.size())}, x.options().dtype(at::kBFloat16));
  launch("linear", x, [&](auto &kernels, void *stream) {
    return kernels.split(x.const_data_ptr<float>(), y.mutable_data_ptr(), x.numel(), inner, parts.begin(),
                         int32_t(parts.size()), stream);
  });
  return y;
}

/// All of them below (or beside) each other, with zeros up to a multiple of 8: cuBLAS reads rows of 16 bytes.
Tensor stack(variable_list parts, int64_t dim) {
  int64_t count = 0;
  for (const Tensor &part : parts)
    count += part.size(dim);
  if (int64_t more = (8 - count % 8) % 8) {
    std::vector<int64_t> sizes = parts[0].sizes().vec();
    sizes[dim] = more;
    parts.push_back(at::zeros(sizes, parts[0].options()));
  }
  return parts.size() == 1 ? parts[0] : at::cat(parts, dim);
}

/// x [.., n], then narrow weights [m, n] in its type, then as many wide ones in float32, then their biases [m].
struct LinearGroup : Function<LinearGroup> {
  static variable_list forward(AutogradContext *context, at::TensorList inputs, int64_t narrow, int64_t wide) {
    Tensor x = inputs[0].reshape({-1, inputs[0].size(-1)});
    bool isKept = false; // for gradients of weights
    for (const Tensor &weight : inputs.slice(1, narrow + wide))
      isKept |= weight.requires_grad();
    variable_list saved = {isKept ? x : Tensor()}, results;
    for (int64_t i = 0; i < narrow; ++i)
      results.push_back(at::linear(inputs[0], inputs[1 + i]));
    if (wide) {
      at::TensorList weights = inputs.slice(1 + narrow, wide);
      Tensor weight = stack(weights.vec(), 0), bias = stack(inputs.slice(1 + narrow + wide, wide).vec(), 0);
      int64_t m = weight.size(0), n = weight.size(1), from = 0;
      Tensor y = at::mm(x, split(weight, m * n, {0, 1, 2}).view({3 * m, n}).t(), at::kFloat).view({-1, 3, m}).sum(1);
      y += bias;
      for (const Tensor &part : weights) {
        std::vector<int64_t> sizes = inputs[0].sizes().vec();
        sizes.back() = part.size(0);
        results.push_back(
            y.narrow(-1, std::exchange(from, from + part.size(0)), part.size(0)).reshape(sizes).contiguous());
      }
      saved.push_back(weight);
    }
    for (int64_t i = 0; i < narrow; ++i)
      saved.push_back(inputs[1 + i]);
    context->save_for_backward(saved);
    context->saved_data["narrow"] = narrow;
    context->saved_data["wide"] = wide;
    return results;
  }

  static variable_list backward(AutogradContext *context, variable_list gradients) {
    variable_list saved = context->get_saved_variables();
    int64_t narrow = context->saved_data["narrow"].toInt(), wide = context->saved_data["wide"].toInt();
    const Tensor &x = saved[0];
    variable_list results(1 + narrow + 2 * wide + 2);
    std::vector<int64_t> sizes = gradients[0].sizes().vec();
    sizes.back() = saved[1].size(1);
    Tensor dx;
    auto add = [&](const Tensor &dy, const Tensor &weight) { // rounded once a term, as sums of gradients are
      if (context->needs_input_grad(0))
        dx = dx.defined() ? dx.addmm_(dy, weight) : at::mm(dy, weight);
    };
    for (int64_t i = 0; i < narrow; ++i) {
      const Tensor &weight = saved[(wide ? 2 : 1) + i];
      Tensor dy = gradients[i].reshape({-1, weight.size(0)});
      add(dy, weight);
      if (context->needs_input_grad(1 + i))
        results[1 + i] = at::mm(dy.t(), x);
    }
    if (wide)
      backwardWide(context, x, saved[1], gradients, narrow, wide, add, results);
    if (dx.defined())
      results[0] = dx.view(sizes);
    return results;
  }

private:
  template <typename Add>
  static void backwardWide(AutogradContext *context, const Tensor &x, const Tensor &weight,
                           const variable_list &gradients, int64_t narrow, int64_t wide, Add add,
                           variable_list &results) {
    variable_list parts;
    for (int64_t i = 0; i < wide; ++i)
      parts.push_back(gradients[narrow + i].flatten(0, -2));
    Tensor dy = stack(parts, 1);
    int64_t m = weight.size(0), n = weight.size(1), from = 0;
    // What dx is rounded to is far above the product of two second terms.
    add(split(dy, m, {0, 1, 0}).view({-1, 3 * m}), split(weight, m * n, {0, 0, 1}).view({3 * m, n}));
    Tensor dw, db = dy.sum(0);
    if (x.defined())
      dw = at::mm(split(dy, m, {0, 1, 2}).view({-1, 3 * m}).t(), x, at::kFloat).view({3, m, n}).sum(0);
    for (int64_t i = 0; i < wide; ++i) {
      int64_t count = parts[i].size(1);
      if (context->needs_input_grad(1 + narrow + i))
        results[1 + narrow + i] = dw.narrow(0, from, count);
      if (context->needs_input_grad(1 + narrow + wide + i))
        results[1 + narrow + wide + i] = db.narrow(0, from, count);
      from += count;
    }
  }
};

} // namespace

bool takesLinear(const Tensor &x, const Tensor &weight, bool hasBias) {
  if (!isTaken({&x}) || x.scalar_type() != at::kBFloat16 || x.size(-1) % 8 != 0)
    return false;
  return weight.scalar_type() == at::kFloat || (weight.scalar_type() == at::kBFloat16 && !hasBias);
}

variable_list fusedLinears(const Tensor &x, const variable_list &weights, const variable_list &biases) {
  variable_list inputs = {x}, wideWeights, wideBiases;
  std::vector<size_t> place(weights.size()); // of a weight among the results
  for (size_t i = 0; i < weights.size(); ++i)
    if (weights[i].scalar_type() == at::kBFloat16) {
      place[i] = inputs.size() - 1;
      inputs.push_back(weights[i]);
    }
  int64_t narrow = int64_t(inputs.size()) - 1;
  for (size_t i = 0; i < weights.size(); ++i)
    if (weights[i].scalar_type() == at::kFloat) {
      place[i] = size_t(narrow) + wideWeights.size();
      wideWeights.push_back(weights[i]);
      wideBiases.push_back(biases[i].defined() ? biases[i] : at::zeros({weights[i].size(0)}, weights[i].options()));
    }
  inputs.insert(inputs.end(), wideWeights.begin(), wideWeights.end());
  inputs.insert(inputs.end(), wideBiases.begin(), wideBiases.end());
  variable_list all = LinearGroup::apply(at::TensorList(inputs), narrow, int64_t(wideWeights.size())), results;
  for (size_t at : place)
    results.push_back(all[at]);
  return results;
}

} // namespace xlstm::evaluate
