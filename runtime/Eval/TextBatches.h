//===- TextBatches.h - packed text through a model ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_TEXTBATCHES_H
#define XLSTM_RUNTIME_EVAL_TEXTBATCHES_H

#include "xlstm/Runtime/Eval/BitsPerByte.h"

namespace xlstm {

/// Some rows of a text, cut behind the last token that any of them predicts.
struct TextBatch {
  at::Tensor ids_BT, docs_BT, labels_BT;
};

/// Batches whose logits stay under `maxLogits` elements, so that memory does not grow with the vocabulary.
std::vector<TextBatch> makeBatches(const PackedText &text, int64_t vocabSize, int64_t maxLogits = int64_t{1} << 24);

/// -log p of every token, 0 where there is no label; differentiable.
at::Tensor natsOfTokens(const at::Tensor &logits_BTV, const at::Tensor &labels_BT);

/// Sum of -log p over the labelled tokens, float64; differentiable.
at::Tensor negativeLogLikelihood(const at::Tensor &logits_BTV, const at::Tensor &labels_BT);

struct TextScore {
  std::vector<double> rowNats; // the same of each row
  double nats = 0;             // sum of -log p over all predicted tokens
  int64_t exactRows = 0;       // rows all of whose predicted tokens were the likeliest
};

/// Scores a text by function `model`, batches in parallel.
TextScore scoreText(const Program &program, const ParamMap &params, const PackedText &text);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_TEXTBATCHES_H
