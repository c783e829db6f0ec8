//===- Sampler.h - the next token out of logits ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_SAMPLER_H
#define XLSTM_RUNTIME_TEXT_SAMPLER_H

#include <cstdint>
#include <span>
#include <vector>

namespace xlstm {

/// How a token is drawn. The logits are divided by the temperature, then the `topK` largest are kept, then the fewest
/// whose probability reaches `topP` (the order of transformers' generate).
struct SamplerOptions {
  /// 0: always the largest logit, the lowest id among equals.
  double temperature = 0;
  /// 0: all.
  int32_t topK = 0;
  /// 1: all.
  double topP = 1;
  uint64_t seed = 0;
};

/// Numbers in [0, 1) of 53 random bits, by xoshiro256** (Blackman and Vigna, prng.di.unimi.it): the same on every
/// machine.
class UniformNumbers {
public:
  explicit UniformNumbers(uint64_t seed);
  double next();

private:
  uint64_t state[4];
};

/// Draws tokens. The same seed and logits give the same tokens on every machine. Not thread-safe.
class Sampler {
public:
  /// Throws Error for a temperature below 0, topK below 0 or topP outside (0, 1].
  explicit Sampler(const SamplerOptions &options);

  /// The id of the next token. NaN counts as minus infinity; throws Error when no logit is above that.
  int32_t sample(std::span<const float> logits);

private:
  struct Candidate {
    int32_t id;
    float logit;
  };
  void gather(std::span<const float> logits);
  void keepTopP(float top);
  double weightOf(float logit, float top) const;

  SamplerOptions options;
  UniformNumbers numbers;
  std::vector<Candidate> candidates;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TEXT_SAMPLER_H
