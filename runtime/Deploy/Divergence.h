//===- Divergence.h - how far a model is from a teacher's stored answers ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_DIVERGENCE_H
#define RUNTIME_DEPLOY_DIVERGENCE_H

#include "xlstm/Runtime/Files/StoredTargets.h"

#include <span>
#include <string>
#include <vector>

namespace xlstm {

/// log sum exp of logits.
double logOfSum(std::span<const float> logits);

/// KL(teacher || model) by token, over the k tokens that are stored and one bucket of all others: exact where the k are
/// the whole vocabulary, else at most the KL over all of it. And how often both have the same likeliest token.
class TeacherTargets {
public:
  /// Throws Error: not a store, or one of another vocabulary or tokenizer than this model's.
  TeacherTargets(const std::string &folder, int64_t vocab, const std::string &tokenizerHash);

  /// What the teacher answers at `count` positions of a document from `begin` on. Throws Error that begins with
  /// `origin` where that is not stored.
  void load(std::span<const int32_t> document, int64_t begin, int64_t count, const std::string &origin);
  /// The `position`th of these beside what the model says there; `all`: logOfSum of its logits [vocab].
  void compare(std::span<const float> logits, double all, int64_t position);
  /// Two lines: the mean of KL in nats a token with its standard error, and the share of equal first choices.
  std::string report() const;

private:
  std::string folder;
  StoredTargets stored;
  std::vector<int32_t> ids;           // [count, k], rising
  std::vector<float> logprobs, tails; // [count, k], [count]
  double kl = 0, squares = 0;         // sums over tokens
  int64_t same = 0, tokens = 0;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_DIVERGENCE_H
