//===- OnPolicy.h - rows that the student writes itself -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On-policy distillation (Agarwal et al., arXiv:2306.13649; Gu et al., arXiv:2306.08543): what is trained on is the
// student's own text, as the teacher would have gone on with it at every token.

#ifndef XLSTM_RUNTIME_TRAIN_ONPOLICY_H
#define XLSTM_RUNTIME_TRAIN_ONPOLICY_H

#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Eval/Generate.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// How the student writes.
struct WriteOptions {
  int64_t prompt = 64, write = 192; // most tokens of a prompt, and behind it
  double temperature = 1;           // 0: always the likeliest token
  int64_t every = 1;                // steps for which it writes at once
  TokenIds ends = {};               // each ends a text, and is part of it

  int64_t length() const { return prompt + write; }
};

/// What stands for a row in what it is drawn by.
struct RowKey {
  int64_t step, row; // of the run; in the step
};
/// The step of rows that are written to validate.
constexpr int64_t heldOutStep = -1;

/// What the student goes on from, 1 to `most` tokens: the beginning of the longest document that begins in the row, or
/// else of the longest piece of one. Of a text at most half of what the row has of it, of a conversation all in front
/// of what the assistant says first; one that needs more than `most` tokens for that is passed over, and where there is
/// no other, the row itself begins.
TokenIds promptOf(const TokenRows &rows, int64_t row, int64_t most);

/// Writes rows to train on. What comes of a row depends on its prompt, its key, the seed and the params alone.
class StudentWriter {
public:
  /// `program` has `prefill` (logits of the last token) and `decode` of the student that trains. `type`:
  /// EvalOptions::type.
  StudentWriter(Program program, WriteOptions options, uint64_t seed, at::ScalarType type = at::kFloat);

  const WriteOptions &options() const { return settings; }
  /// Everything that what it writes depends on beside params and rows.
  Json identity() const;

  /// The prompts of `rows`, each with what the student writes behind it, as rows of WriteOptions::length() tokens: what
  /// was written is labelled, and nothing else. The end of a row is padding, a document of its own.
  TokenRows write(const TokenRows &rows, const std::vector<RowKey> &keys, const ParamMap &params) const;

private:
  Program program;
  WriteOptions settings;
  uint64_t seed;
  at::ScalarType type;
};

/// The rows without columns that are padding in all of them, but for what makes the length a multiple of 64.
TokenRows withoutPadding(const TokenRows &rows);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_ONPOLICY_H
