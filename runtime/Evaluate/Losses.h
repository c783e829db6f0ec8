//===- Losses.h - cross-entropy and sparse KL over large vocabularies -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: B rows, T tokens, V vocabulary, K stored tokens of the teacher.

#ifndef XLSTM_RUNTIME_EVALUATE_LOSSES_H
#define XLSTM_RUNTIME_EVALUATE_LOSSES_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// Mean of -log softmax(logits)[label] over tokens with a label of at least 0; 0 where there is none.
at::Tensor crossEntropy(const at::Tensor &logits_BTV, const at::Tensor &labels_BT);

/// Mean over labelled tokens of KL(teacher || student), over the K stored tokens alone with both sides renormalised, or
/// with one more bucket for all other tokens.
at::Tensor sparseKl(const at::Tensor &logits_BTV, const at::Tensor &ids_BTK, const at::Tensor &logprobs_BTK,
                    const at::Tensor &tail_BT, const at::Tensor &labels_BT, bool withTail);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_LOSSES_H
