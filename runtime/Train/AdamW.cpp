//===- AdamW.cpp - the optimizer ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Train/AdamW.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace xlstm {

static bool shrinks(const std::string &name, const at::Tensor &param) {
  return param.dim() >= 2 && name.find("_gate.") == std::string::npos;
}

AdamW::AdamW(const ParamMap &params, const AdamWOptions &options, const std::set<std::string> &added)
    : options(options) {
  for (const auto &[name, param] : params) {
    bool isNew = added.contains(name);
    double weightDecay = isNew ? options.newWeightDecay.value_or(options.weightDecay) : options.weightDecay;
    double decay = options.decayAll || shrinks(name, param) ? weightDecay : 0;
    auto same = [&](const Group &group) { return group.isNew == isNew && group.decay == decay; };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end())
      group = groups.insert(groups.end(), {isNew, decay, {}});
    group->slots.push_back({name, param, {}, {}});
  }
}

void AdamW::Slot::startMoments() {
  for (at::Tensor *moment : {&m, &v})
    if (!moment->defined())
      *moment = at::zeros_like(param);
}

void AdamW::step(int64_t t, Rates rates, const at::Tensor &divisor) {
  c10::NoGradGuard noGrad;
  std::optional<at::Tensor> scale = divisor.defined() ? std::optional(divisor) : std::nullopt;
  for (Group &group : groups) {
    std::vector<at::Tensor> params, gradients, m, v;
    for (Slot &slot : group.slots)
      if (const at::Tensor &gradient = slot.param.grad(); gradient.defined()) {
        slot.startMoments();
        params.push_back(slot.param);
        gradients.push_back(gradient);
        m.push_back(slot.m);
        v.push_back(slot.v);
      }
    if (params.empty())
      continue;
    std::vector<at::Tensor> counts(params.size(), at::full({}, double(t), params[0].options().dtype(at::kFloat)));
    at::_fused_adamw_(params, gradients, m, v, /*max_exp_avg_sqs=*/{}, counts, group.isNew ? rates.added : rates.old,
                      options.beta1, options.beta2, group.decay, options.eps, /*amsgrad=*/false, /*maximize=*/false,
                      scale);
  }
}

void AdamW::zeroGrad() {
  for (Group &group : groups)
    for (Slot &slot : group.slots)
      slot.param.mutable_grad().reset();
}

std::map<std::string, at::Tensor> AdamW::state() {
  std::map<std::string, at::Tensor> result;
  for (Group &group : groups)
    for (Slot &slot : group.slots) {
      slot.startMoments();
      result["m/" + slot.name] = slot.m;
      result["v/" + slot.name] = slot.v;
    }
  return result;
}

void AdamW::restore(const std::map<std::string, at::Tensor> &state) {
  auto take = [&](const std::string &name, const at::Tensor &param) {
    auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != param.sizes())
      fail("optimizer state: tensor '", name, "' is ", found == state.end() ? "missing" : "of another shape");
    return found->second.to(param.options());
  };
  for (Group &group : groups)
    for (Slot &slot : group.slots) {
      slot.m = take("m/" + slot.name, slot.param);
      slot.v = take("v/" + slot.name, slot.param);
    }
}

at::Tensor gradientNorm(const ParamMap &params) {
  c10::NoGradGuard noGrad;
  std::vector<at::Tensor> gradients;
  for (const auto &[name, param] : params)
    if (param.grad().defined())
      gradients.push_back(param.grad());
  if (gradients.empty())
    return at::zeros({}, params.empty() ? at::TensorOptions(at::kDouble)
                                        : params.begin()->second.options().dtype(at::kDouble));
  return at::stack(at::_foreach_norm(gradients)).to(at::kDouble).square().sum().sqrt();
}

at::Tensor clipDivisor(const at::Tensor &norm, double limit) {
  return limit > 0 ? norm.div(limit).clamp_min(1).to(at::kFloat) : at::Tensor();
}

} // namespace xlstm
