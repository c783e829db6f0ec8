//===- BitsPerByte.h - how well a model predicts held-out text ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape letters: R rows, T tokens of a row.

#ifndef XLSTM_RUNTIME_EVAL_BITSPERBYTE_H
#define XLSTM_RUNTIME_EVAL_BITSPERBYTE_H

#include "xlstm/Runtime/Data/Vocabulary.h"
#include "xlstm/Runtime/Evaluate/Program.h"

namespace xlstm {

/// Held-out documents as rows for `@model`. A document (Vocabulary::encodeDocument, behind Vocabulary::context()) is
/// cut into pieces of at most T tokens that know nothing of each other; several pieces share a row. Every token but the
/// first is predicted once: the last token of a piece predicts the first one of the next.
struct PackedText {
  at::Tensor ids_RT;    // int64
  at::Tensor docs_RT;   // int32, where each token's piece starts in its row
  at::Tensor labels_RT; // int64, the token to predict, -1 where there is none (the end of a row)
  int64_t tokens = 0;   // predicted ones
  int64_t bytes = 0;    // UTF-8 bytes of the predicted text: neither bos nor eos counts

  uint64_t hash() const;
};

/// Packs documents in order until `tokenLimit` tokens are predicted (0: all documents); the last document is cut there.
PackedText packHeldOut(const Vocabulary &vocabulary, const std::vector<std::string> &documents, int64_t pieceTokens,
                       int64_t tokenLimit);

/// Sum of -log p over all predicted tokens, in nats, from function `model` of `program`.
double sumOfNats(const Program &program, const ParamMap &params, const PackedText &text);

/// The same of each row.
std::vector<double> natsOfRows(const Program &program, const ParamMap &params, const PackedText &text);

/// nats / ln 2 / bytes.
double bitsPerByte(double nats, int64_t bytes);

/// Median of the opened output gate o over the tokens of `texts`, [layer][head]; empty when the model has no such gate.
/// A layer without one is an empty list.
std::vector<std::vector<double>> medianGates(const Program &program, const ParamMap &params,
                                             const std::vector<PackedText> &texts);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_BITSPERBYTE_H
