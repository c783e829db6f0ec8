//===- Sampler.cpp - the next token out of logits -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/Sampler.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <bit>
#include <cmath>

using namespace xlstm;

UniformNumbers::UniformNumbers(uint64_t seed) {
  for (uint64_t &word : state) { // splitmix64, as the authors of xoshiro advise
    uint64_t z = seed += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    word = z ^ z >> 31;
  }
}

double UniformNumbers::next() {
  uint64_t result = std::rotl(state[1] * 5, 7) * 9, shifted = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = std::rotl(state[3], 45);
  return double(result >> 11) * 0x1p-53;
}

Sampler::Sampler(const SamplerOptions &options) : options(options), numbers(options.seed) {
  if (!(options.temperature >= 0) || std::isinf(options.temperature))
    fail("temperature: expected a number from 0, found ", options.temperature);
  if (options.topK < 0)
    fail("top-k: expected a number from 0, found ", options.topK);
  if (!(options.topP > 0 && options.topP <= 1))
    fail("top-p: expected a number above 0 and up to 1, found ", options.topP);
}

double Sampler::weightOf(float logit, float top) const {
  return std::exp((double(logit) - double(top)) / options.temperature);
}

/// Larger logits first, lower ids among equals: the one order, whatever the library's sort does.
static constexpr auto comesBefore = [](const auto &a, const auto &b) {
  return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
};

/// A heap with the last of those kept on top: of a large vocabulary few logits are more than looked at.
void Sampler::gather(std::span<const float> logits) {
  const size_t most = options.topK ? size_t(options.topK) : logits.size();
  candidates.clear();
  for (int32_t id = 0; id < int32_t(logits.size()); ++id) {
    if (!(logits[id] > -INFINITY) || (candidates.size() == most && !(logits[id] > candidates.front().logit)))
      continue; // among equals the first, which are there already
    if (candidates.size() == most) {
      std::pop_heap(candidates.begin(), candidates.end(), comesBefore);
      candidates.pop_back();
    }
    candidates.push_back({id, logits[id]});
    if (most < logits.size())
      std::push_heap(candidates.begin(), candidates.end(), comesBefore);
  }
}

void Sampler::keepTopP(float top) {
  if (options.topP == 1)
    return;
  double total = 0, kept = 0;
  for (const Candidate &candidate : candidates)
    total += weightOf(candidate.logit, top);
  size_t count = 0, sorted = 0;
  while (count < candidates.size() && kept < options.topP * total) {
    if (count == sorted) { // some more of them in their order
      sorted = std::min(candidates.size(), 2 * sorted + 64);
      std::partial_sort(candidates.begin() + count, candidates.begin() + sorted, candidates.end(), comesBefore);
    }
    kept += weightOf(candidates[count++].logit, top);
  }
  candidates.resize(count);
}

int32_t Sampler::sample(std::span<const float> logits) {
  int32_t best = -1;
  for (int32_t id = 0; id < int32_t(logits.size()); ++id)
    if (logits[id] > (best < 0 ? -INFINITY : logits[best]))
      best = id;
  if (best < 0)
    fail("cannot sample: none of ", logits.size(), " logits is a number above minus infinity");
  float top = logits[best];
  if (options.temperature == 0 || std::isinf(top))
    return best;
  gather(logits);
  keepTopP(top);
  std::sort(candidates.begin(), candidates.end(), [](const auto &a, const auto &b) { return a.id < b.id; });
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += weightOf(candidate.logit, top);
  double left = numbers.next() * total;
  for (const Candidate &candidate : candidates)
    if ((left -= weightOf(candidate.logit, top)) < 0)
      return candidate.id;
  return best; // rounding alone leads here
}
