//===- AdamW.cpp - the optimizer ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/AdamW.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace xlstm {

static bool shrinks(const std::string &name, const at::Tensor &param) {
  return param.dim() >= 2 && name.find("_gate.") == std::string::npos;
}

AdamW::AdamW(const ParamMap &params, const AdamWOptions &options) : options(options) {
  for (const auto &[name, param] : params) {
    double decay = options.decayAll || shrinks(name, param) ? options.weightDecay : 0;
    slots.push_back({name, param, at::zeros_like(param), at::zeros_like(param), decay});
  }
}

void AdamW::step(int64_t t, double learningRate) {
  c10::NoGradGuard noGrad;
  double correction1 = 1 - std::pow(options.beta1, double(t)), correction2 = 1 - std::pow(options.beta2, double(t));
  for (Slot &slot : slots) {
    const at::Tensor &gradient = slot.param.grad();
    if (!gradient.defined())
      continue;
    slot.m.mul_(options.beta1).add_(gradient, 1 - options.beta1);
    slot.v.mul_(options.beta2).addcmul_(gradient, gradient, 1 - options.beta2);
    slot.param.mul_(1 - learningRate * slot.decay);
    at::Tensor denominator = slot.v.div(correction2).sqrt_().add_(options.eps);
    slot.param.addcdiv_(slot.m, denominator, -learningRate / correction1);
  }
}

void AdamW::zeroGrad() {
  for (Slot &slot : slots)
    slot.param.mutable_grad().reset();
}

std::map<std::string, at::Tensor> AdamW::state() const {
  std::map<std::string, at::Tensor> result;
  for (const Slot &slot : slots) {
    result["m/" + slot.name] = slot.m;
    result["v/" + slot.name] = slot.v;
  }
  return result;
}

void AdamW::restore(const std::map<std::string, at::Tensor> &state) {
  auto take = [&](const std::string &name, at::Tensor &into) {
    auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != into.sizes())
      fail("optimizer state: tensor '", name, "' is ", found == state.end() ? "missing" : "of another shape");
    into.copy_(found->second);
  };
  for (Slot &slot : slots) {
    take("m/" + slot.name, slot.m);
    take("v/" + slot.name, slot.v);
  }
}

double clipGradients(const ParamMap &params, double limit) {
  c10::NoGradGuard noGrad;
  double square = 0;
  for (const auto &[name, param] : params)
    if (param.grad().defined())
      square += std::pow(param.grad().norm().item<double>(), 2);
  double norm = std::sqrt(square);
  if (limit > 0 && norm > limit)
    for (const auto &[name, param] : params)
      if (param.grad().defined())
        param.mutable_grad().mul_(limit / norm);
  return norm;
}

} // namespace xlstm
