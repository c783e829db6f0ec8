//===- TextBatches.cpp - packed text through a model ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/TextBatches.h"

#include "runtime/Eval/Parallel.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>

namespace xlstm {

std::vector<TextBatch> makeBatches(const PackedText &text, int64_t vocabSize, int64_t maxLogits) {
  int64_t R = text.ids_RT.size(0), T = text.ids_RT.size(1);
  int64_t rows = std::clamp<int64_t>(maxLogits / std::max<int64_t>(1, T * vocabSize), 1, 16);
  std::vector<TextBatch> batches;
  for (int64_t first = 0; first < R; first += rows) {
    int64_t count = std::min(rows, R - first);
    at::Tensor labels = text.labels_RT.narrow(0, first, count);
    at::Tensor columns = labels.ge(0).any(0).nonzero();
    int64_t used = columns.numel() ? columns.max().item<int64_t>() + 1 : 0;
    batches.push_back({text.ids_RT.narrow(0, first, count).narrow(1, 0, used).contiguous(),
                       text.docs_RT.narrow(0, first, count).narrow(1, 0, used).contiguous(),
                       labels.narrow(1, 0, used).contiguous()});
  }
  return batches;
}

at::Tensor natsOfTokens(const at::Tensor &logits_BTV, const at::Tensor &labels_BT) {
  at::Tensor logits_NV = logits_BTV.flatten(0, 1);
  at::Tensor labels_N = labels_BT.flatten().to(logits_NV.device());
  at::Tensor picked_N = logits_NV.gather(1, labels_N.clamp_min(0).unsqueeze(1)).squeeze(1);
  return (logits_NV.logsumexp(1) - picked_N).masked_fill(labels_N.lt(0), 0).view(labels_BT.sizes());
}

at::Tensor negativeLogLikelihood(const at::Tensor &logits_BTV, const at::Tensor &labels_BT) {
  return natsOfTokens(logits_BTV, labels_BT).sum(at::kDouble);
}

TextScore scoreText(const Program &program, const ParamMap &params, const PackedText &text) {
  std::vector<TextBatch> batches = makeBatches(text, program.function("model").results.at(0).shape.back());
  std::vector<TextScore> scores(batches.size());
  forEachParallel(batches.size(), [&](size_t i) {
    const TextBatch &batch = batches[i];
    at::Tensor logits_BTV = program.run("model", {batch.ids_BT, batch.docs_BT}, params).at(0);
    at::Tensor nats_B = natsOfTokens(logits_BTV, batch.labels_BT).sum(1, /*keepdim=*/false, at::kDouble).cpu();
    scores[i].rowNats.assign(nats_B.data_ptr<double>(), nats_B.data_ptr<double>() + nats_B.numel());
    at::Tensor labels = batch.labels_BT.to(logits_BTV.device());
    scores[i].exactRows = logits_BTV.argmax(-1).eq(labels).logical_or(labels.lt(0)).all(1).sum().item<int64_t>();
  });
  TextScore sum;
  for (const TextScore &score : scores) {
    for (double nats : score.rowNats)
      sum.nats += nats;
    sum.rowNats.insert(sum.rowNats.end(), score.rowNats.begin(), score.rowNats.end());
    sum.exactRows += score.exactRows;
  }
  return sum;
}

} // namespace xlstm
