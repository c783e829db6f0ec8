//===- TargetSource.cpp - ask a teacher for its top-k ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TargetSource.h"

#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Support/Error.h"

#include <c10/core/GradMode.h>

#include <cmath>

namespace xlstm {

Targets askTeacher(const Program &program, const ParamMap &params, const at::Tensor &ids_BT, const at::Tensor &docs_BT,
                   int64_t k) {
  c10::NoGradGuard noGrad;
  at::Tensor logits_BTV = program.run("model", {ids_BT, docs_BT}, params).at(0);
  at::Tensor all_BTV = logits_BTV.to(at::kFloat).log_softmax(-1);
  auto [logprobs_BTK, ids_BTK] = all_BTV.topk(k);
  // Summing what is left is exact where one minus the sum of the k would cancel.
  at::Tensor tail_BT = all_BTV.scatter(-1, ids_BTK, -INFINITY).exp().sum(-1).clamp_min(1e-30).log();
  return {ids_BTK.to(at::kInt), logprobs_BTK, tail_BT};
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
