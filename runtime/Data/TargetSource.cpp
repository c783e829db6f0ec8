//===- TargetSource.cpp - ask a teacher for its top-k ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TargetSource.h"

#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>

#include <cmath>

namespace xlstm {

/// Rows of logits at once: what is made of them on the way takes several times their memory.
constexpr int64_t logitRows = 1024;

Targets askTeacher(const Program &program, const ParamMap &params, const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   int64_t k) {
  c10::NoGradGuard noGrad;
  at::Tensor logits_BTV = program.run("model", {ids_BT, docs_BT}, params).at(0);
  int64_t B = logits_BTV.size(0), T = logits_BTV.size(1);
  std::vector<at::Tensor> allIds, allLogprobs, allTails;
  for (const at::Tensor &part : logits_BTV.reshape({B * T, -1}).split(logitRows)) {
    at::Tensor logits_NV = part.to(at::kFloat), whole_N1 = logits_NV.logsumexp(-1, /*keepdim=*/true);
    auto [likeliest_NK, found_NK] = logits_NV.topk(k, -1, /*largest=*/true, /*sorted=*/false);
    auto [ids_NK, order_NK] = found_NK.sort(-1);
    // Summing what is left is exact where one minus the sum of the k would cancel.
    at::Tensor tail_N1 = logits_NV.scatter(-1, ids_NK, -INFINITY).logsumexp(-1, /*keepdim=*/true).sub(whole_N1);
    allIds.push_back(ids_NK.to(at::kInt));
    allLogprobs.push_back(likeliest_NK.gather(-1, order_NK).sub(whole_N1));
    allTails.push_back(tail_N1.clamp_min(std::log(1e-30)));
  }
  return {at::cat(allIds).view({B, T, k}), at::cat(allLogprobs).view({B, T, k}), at::cat(allTails).view({B, T})};
}

void checkTopK(const Program &program, int64_t k) {
  int64_t vocabulary = program.function("model").results.at(0).shape.back();
  if (k < 1 || k > vocabulary)
    fail("targets: expected k from 1 to the vocabulary's ", vocabulary, ", found ", k);
}

OnlineTeacher::OnlineTeacher(const Program &program, ParamMap params, int64_t k, std::string teacher)
    : program(program), params(std::move(params)), topK(k), name(std::move(teacher)) {
  checkTopK(program, k);
  for (const ParamSpec &param : program.function("model").params)
    if (auto found = this->params.find(param.tensor.name); found != this->params.end())
      found->second = found->second.to(scalarType(param.tensor.dtype));
}

} // namespace xlstm
