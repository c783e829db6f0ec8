//===- Agreement.cpp - does the student say what the teacher says ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Agreement.h"

#include "runtime/Eval/Parallel.h"
#include "runtime/Eval/TextBatches.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

namespace xlstm {

at::Tensor logProbabilities(const Program &program, const ParamMap &params, const PackedText &text) {
  int64_t vocabulary = program.function("model").results.at(0).shape.back();
  std::vector<TextBatch> batches = makeBatches(text, vocabulary);
  std::vector<at::Tensor> parts_NV(batches.size());
  forEachParallel(batches.size(), [&](size_t i) {
    const TextBatch &batch = batches[i];
    at::Tensor logits_NV = program.run("model", {batch.ids_BT, batch.docs_BT}, params).at(0).flatten(0, 1);
    at::Tensor places_N = batch.labels_BT.flatten().ge(0).nonzero().squeeze(1).to(logits_NV.device());
    parts_NV[i] = logits_NV.index_select(0, places_N).to(at::kFloat).log_softmax(1).cpu();
  });
  return parts_NV.empty() ? at::zeros({0, vocabulary}) : at::cat(parts_NV);
}

/// Mean and standard error of the mean.
static std::pair<double, double> meanOf(const at::Tensor &values_N) {
  double n = double(values_N.numel());
  double mean = values_N.mean().item<double>();
  double squares = values_N.sub(mean).square().sum().item<double>();
  return {mean, n > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

Json agreement(const at::Tensor &teacher_NV, const at::Tensor &student_NV) {
  if (teacher_NV.size(0) == 0)
    return nullptr;
  // Float64 sums: the terms of a small divergence nearly cancel.
  at::Tensor kl_N = teacher_NV.exp().mul(teacher_NV - student_NV).sum(1, /*keepdim=*/false, at::kDouble);
  at::Tensor same_N = teacher_NV.argmax(1).eq(student_NV.argmax(1)).to(at::kDouble);
  auto [kl, klError] = meanOf(kl_N);
  auto [same, sameError] = meanOf(same_N);
  return {{"kl", kl},
          {"kl_standard_error", klError},
          {"top1", same},
          {"top1_standard_error", sameError},
          {"tokens", teacher_NV.size(0)}};
}

int64_t agreementTokens(int64_t wanted, int64_t vocabulary, size_t domains) {
  constexpr int64_t mostValues = int64_t{1} << 28;
  return std::clamp<int64_t>(mostValues / std::max<int64_t>(1, vocabulary * int64_t(domains)), 1, wanted);
}

} // namespace xlstm
