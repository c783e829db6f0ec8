//===- RopeWriter.cpp - rotary parameters of given frequencies ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/RopeWriter.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace xlstm {

double ropeDifference(const Rope &left, const Rope &right, int64_t headDim) {
  auto frequency = [&](const Rope &rope, int64_t pair) {
    return rope.frequencies.empty() ? std::pow(rope.theta, -2.0 * pair / headDim) : rope.frequencies[pair];
  };
  double largest = std::abs(left.attentionFactor / right.attentionFactor - 1);
  for (int64_t i = 0; i < headDim / 2; ++i)
    largest = std::max(largest, std::abs(frequency(left, i) / frequency(right, i) - 1));
  return largest;
}

namespace {

/// Three units in the last place of float32: what another order of the same operations makes.
constexpr double tolerance = 4e-7;

/// Searches the parameters of one rotation.
class RopeSearch {
public:
  RopeSearch(const Rope &rope, int64_t headDim, int64_t contextLength)
      : rope(rope), headDim(headDim), contextLength(contextLength) {}
  Json run();
  /// How far the rotation of a group is from the one looked for; infinite for a group that is not read.
  double difference(const Json &group) const;

private:
  void addRounded(std::set<double> &to, double value) const;
  std::set<double> thetas() const;
  std::set<double> factors(double theta) const;
  /// Keeps a group when it is the nearest so far.
  void consider(Json group);
  void considerScaled(double theta, double factor);
  Json anyFrequencies() const;
  double plain(double theta, int64_t pair) const { return std::pow(theta, -2.0 * pair / headDim); }

  const Rope &rope;
  int64_t headDim, contextLength;
  Json best;
  double bestDifference = std::numeric_limits<double>::infinity();
};

double RopeSearch::difference(const Json &group) const {
  try {
    JsonFields fields(group, "rope");
    return ropeDifference(readRope(fields, 10000, headDim, contextLength), rope, headDim);
  } catch (const Error &) {
    return std::numeric_limits<double>::infinity();
  }
}

/// Parameters are round numbers; frequencies give them to a few digits.
void RopeSearch::addRounded(std::set<double> &to, double value) const {
  if (!std::isfinite(value) || value < 1 || value > 1e12)
    return;
  for (int digits = 1; digits <= 5; ++digits) {
    double unit = std::pow(10, std::floor(std::log10(value)) + 1 - digits);
    to.insert(unit >= 1 ? std::round(value / unit) * unit : std::round(value / unit) / std::round(1 / unit));
  }
}

/// The base out of neighbours that have one scale: those at the front are not scaled, those at the end are wholly.
std::set<double> RopeSearch::thetas() const {
  std::set<double> found;
  size_t last = rope.frequencies.size() - 1;
  for (size_t i : {size_t{0}, last - std::min<size_t>(last, 1)})
    if (i < last)
      addRounded(found, std::pow(double(rope.frequencies[i]) / rope.frequencies[i + 1], headDim / 2.0));
  found.insert(10000);
  found.erase(1);
  return found;
}

std::set<double> RopeSearch::factors(double theta) const {
  std::set<double> found;
  addRounded(found, plain(theta, rope.frequencies.size() - 1) / rope.frequencies.back());
  return found;
}

void RopeSearch::consider(Json group) {
  double found = difference(group);
  if (found >= bestDifference)
    return;
  bestDifference = found;
  best = std::move(group);
}

void RopeSearch::considerScaled(double theta, double factor) {
  if (rope.attentionFactor == 1)
    consider({{"rope_type", "linear"}, {"rope_theta", theta}, {"factor", factor}});
  std::set<int64_t> contexts{contextLength, std::max<int64_t>(1, std::llround(contextLength / factor))};
  for (int64_t context = 16; context <= 1 << 22; context *= 2)
    contexts.insert(context);
  for (int64_t context : contexts) {
    if (rope.attentionFactor == 1)
      consider({{"rope_type", "llama3"},
                {"rope_theta", theta},
                {"factor", factor},
                {"low_freq_factor", 1.0},
                {"high_freq_factor", 4.0},
                {"original_max_position_embeddings", context}});
    consider({{"rope_type", "yarn"},
              {"rope_theta", theta},
              {"factor", factor},
              {"original_max_position_embeddings", context},
              {"attention_factor", rope.attentionFactor},
              {"beta_fast", 32.0},
              {"beta_slow", 1.0}});
  }
}

Json RopeSearch::anyFrequencies() const {
  double theta = rope.frequencies.empty() ? rope.theta : 10000;
  Json stretches = Json::array();
  for (int64_t i = 0; i < headDim / 2; ++i)
    stretches.push_back(rope.frequencies.empty() ? 1 : plain(theta, i) / rope.frequencies[i]);
  return {{"rope_type", "longrope"},
          {"rope_theta", theta},
          {"short_factor", stretches},
          {"long_factor", stretches},
          {"factor", 1.0},
          {"original_max_position_embeddings", contextLength},
          {"attention_factor", rope.attentionFactor}};
}

Json RopeSearch::run() {
  if (rope.frequencies.empty() && rope.attentionFactor == 1)
    return {{"rope_type", "default"}, {"rope_theta", rope.theta}};
  if (!rope.frequencies.empty())
    for (double theta : thetas())
      for (double factor : factors(theta))
        considerScaled(theta, factor);
  return bestDifference <= tolerance ? best : anyFrequencies();
}

} // namespace

Json writeRope(const Rope &rope, int64_t headDim, int64_t contextLength, std::span<const Json> known) {
  RopeSearch search(rope, headDim, contextLength);
  for (const Json &group : known)
    if (search.difference(group) == 0)
      return group;
  return search.run();
}

} // namespace xlstm
