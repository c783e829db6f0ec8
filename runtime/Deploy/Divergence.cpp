//===- Divergence.cpp - how far a model is from a teacher's stored answers --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Divergence.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

double logOfSum(std::span<const float> logits) {
  const double top = *std::ranges::max_element(logits);
  double total = 0;
  for (float logit : logits)
    total += std::exp(static_cast<double>(logit) - top);
  return top + std::log(total);
}

static StoredTargets openFor(const std::string &folder, int64_t vocab, const std::string &tokenizerHash) {
  const TargetFormat format = TargetFormat::read(folder);
  if (format.vocabulary != vocab || format.tokenizer != tokenizerHash)
    fail(folder, ": expected targets of a teacher with this model's vocabulary of ", vocab, " and tokenizer ",
         tokenizerHash, ", found ", format.vocabulary, " and ", format.tokenizer);
  return StoredTargets::open(folder);
}

TeacherTargets::TeacherTargets(const std::string &folder, int64_t vocab, const std::string &tokenizerHash)
    : folder(folder), stored(openFor(folder, vocab, tokenizerHash)) {}

void TeacherTargets::load(std::span<const int32_t> document, int64_t begin, int64_t count, const std::string &origin) {
  const DocumentKey key = DocumentKey::of(document);
  if (std::optional<int64_t> missing = stored.firstMissing(key, begin, count))
    fail(origin, ": token ", *missing, ": no targets in ", folder,
         ", which was written for other documents; xlstm targets make TEACHER adds them");
  const auto positions = static_cast<size_t>(count), k = static_cast<size_t>(stored.format().k);
  ids.resize(positions * k);
  logprobs.resize(positions * k);
  tails.resize(positions);
  stored.read(key, begin, count, ids.data(), logprobs.data(), tails.data());
}

/// The log of the probability that a model gives to tokens that are not among `ids`, which rise.
static double logOfOthers(std::span<const float> logits, double all, std::span<const int32_t> ids) {
  constexpr double least = 1e-30; // as stored tails have it
  double total = 0;
  auto next = ids.begin();
  for (size_t token = 0; token < logits.size(); ++token)
    if (next != ids.end() && static_cast<size_t>(*next) == token)
      ++next;
    else
      total += std::exp(static_cast<double>(logits[token]) - all);
  return std::log(std::max(total, least));
}

void TeacherTargets::compare(std::span<const float> logits, double all, int64_t position) {
  const auto k = static_cast<size_t>(stored.format().k), first = static_cast<size_t>(position) * k;
  const std::span<const int32_t> answers = std::span(ids).subspan(first, k);
  const std::span<const float> said = std::span(logprobs).subspan(first, k);
  const double tail = tails[static_cast<size_t>(position)];
  double sum = std::exp(tail) * (tail - logOfOthers(logits, all, answers));
  for (size_t n = 0; n < k; ++n) {
    const double teacher = said[n], model = static_cast<double>(logits[static_cast<size_t>(answers[n])]) - all;
    sum += std::exp(teacher) * (teacher - model);
  }
  kl += sum;
  squares += sum * sum;
  same += answers[static_cast<size_t>(std::ranges::max_element(said) - said.begin())] ==
          std::ranges::max_element(logits) - logits.begin();
  ++tokens;
}

std::string TeacherTargets::report() const {
  const auto n = static_cast<double>(std::max<int64_t>(tokens, 1));
  const double mean = kl / n, variance = n > 1 ? std::max(squares - n * mean * mean, 0.0) / (n - 1) : 0;
  char text[160];
  std::snprintf(text, sizeof text, "KL to the teacher %.4f +- %.4f nats a token\nsame first choice %.2f %%\n",
                std::max(mean, 0.0), // what float16 leaves of nothing may be negative
                std::sqrt(variance / n), 100 * static_cast<double>(same) / n);
  return text;
}

} // namespace xlstm
