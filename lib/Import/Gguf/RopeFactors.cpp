//===- RopeFactors.cpp - what stretched rotary frequencies came from ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/RopeFactors.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

using namespace xlstm;
using namespace xlstm::gguf;

namespace {

/// How much of a channel's own frequency is kept: 0 where it is stretched whole, 1 where it stays.
struct Channel {
  double frequency, keep; // turns a token
};

double keepOf(const Llama3Rule &rule, double frequency) {
  return std::clamp((rule.originalContext * frequency - rule.low) / (rule.high - rule.low), 0.0, 1.0);
}

bool explains(const Llama3Rule &rule, std::span<const float> factors, const std::vector<Channel> &channels) {
  if (!(rule.originalContext >= 1 && rule.originalContext <= 1 << 27) || !(rule.high > rule.low))
    return false;
  for (size_t i = 0; i < factors.size(); ++i) {
    double keep = keepOf(rule, channels[i].frequency);
    double factor = 1 / ((1 - keep) / rule.factor + keep);
    if (std::abs(factor - factors[i]) > 2e-5 * factors[i])
      return false;
  }
  return true;
}

} // namespace

std::optional<Llama3Rule> gguf::fitLlama3(std::span<const float> factors, double theta) {
  Llama3Rule rule;
  rule.factor = factors.empty() ? 1 : *std::ranges::max_element(factors);
  if (!(rule.factor > 1) || *std::ranges::min_element(factors) < 1)
    return std::nullopt;
  std::vector<Channel> channels, blended;
  for (size_t i = 0; i < factors.size(); ++i) {
    double exponent = -static_cast<double>(i) / static_cast<double>(factors.size());
    double keep = (1.0 / factors[i] - 1 / rule.factor) / (1 - 1 / rule.factor);
    channels.push_back({std::pow(theta, exponent) / (2 * std::numbers::pi), keep});
    if (keep > 0 && keep < 1)
      blended.push_back(channels.back());
  }
  // keep = slope * frequency - offset, where slope = originalContext / (high - low) and offset = low / (high - low).
  if (blended.size() >= 2) {
    const Channel &first = blended.front(), &last = blended.back();
    double slope = (first.keep - last.keep) / (first.frequency - last.frequency);
    double offset = slope * first.frequency - first.keep;
    rule.high = 1 + std::round(1000 / offset) / 1000;
    rule.originalContext = std::round(slope / offset);
  } else if (blended.size() == 1) {
    rule.originalContext = std::round((blended[0].keep * (rule.high - rule.low) + rule.low) / blended[0].frequency);
  }
  if (explains(rule, factors, channels))
    return rule;
  // No channel between the bounds: any context that parts those that stay from those that do not.
  for (rule.originalContext = 64; blended.empty() && rule.originalContext < 1 << 24; rule.originalContext *= 2)
    if (explains(rule, factors, channels))
      return rule;
  return std::nullopt;
}
