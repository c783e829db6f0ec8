//===- Agreement.h - does the student say what the teacher says -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape letters: N predicted tokens, V vocabulary.

#ifndef XLSTM_RUNTIME_EVAL_AGREEMENT_H
#define XLSTM_RUNTIME_EVAL_AGREEMENT_H

#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// A model's log-probabilities of every token of the vocabulary at each predicted token of a text: float32 [N, V].
at::Tensor logProbabilities(const Program &program, const ParamMap &params, const PackedText &text);

/// {kl, kl_standard_error, top1, top1_standard_error, tokens}: the mean of KL(teacher || student) in nats, and how
/// often both have the same likeliest token. Standard errors are over tokens.
Json agreement(const at::Tensor &teacher_NV, const at::Tensor &student_NV);

/// Tokens a domain for which a teacher's answers to all domains take at most 1 GiB, and no more than `wanted`.
int64_t agreementTokens(int64_t wanted, int64_t vocabulary, size_t domains);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_AGREEMENT_H
