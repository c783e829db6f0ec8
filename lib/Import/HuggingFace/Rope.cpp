//===- Rope.cpp - rotary frequencies of a configuration -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Rope.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace xlstm {
namespace {

constexpr double pi = std::numbers::pi;

/// theta^(2i/d). In float32 as all that follows, for so transformers computes it: what is imported from config.json and
/// from an exported graph agrees to the last bit.
float positionsARadian(double theta, size_t pair, size_t headDim) {
  return std::pow(static_cast<float>(theta), static_cast<float>(2 * pair) / static_cast<float>(headDim));
}

std::vector<float> plainFrequencies(double theta, int64_t headDim) {
  std::vector<float> result(headDim / 2);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = 1 / positionsARadian(theta, i, headDim);
  return result;
}

double readFactor(const JsonFields &group) {
  double factor = group.requiredPositive("factor");
  if (factor < 1)
    group.fail("factor", "a number of at least 1");
  return factor;
}

/// Llama 3.1: wavelengths longer than the old context are stretched, short ones stay, those between are blended.
void scaleLlama3(std::vector<float> &frequencies, const JsonFields &group) {
  double factor = readFactor(group), low = group.requiredPositive("low_freq_factor");
  double high = group.requiredPositive("high_freq_factor");
  auto oldContext = static_cast<double>(group.size("original_max_position_embeddings"));
  if (high <= low)
    group.fail("high_freq_factor", "more than low_freq_factor");
  auto stretch = static_cast<float>(factor), range = static_cast<float>(high - low);
  for (float &frequency : frequencies) {
    float wavelength = static_cast<float>(2 * pi) / frequency;
    float turns = static_cast<float>(oldContext) / wavelength;
    float keep = std::clamp((turns - static_cast<float>(low)) / range, 0.0f, 1.0f);
    frequency = keep == 1 ? frequency : (1 - keep) * frequency / stretch + keep * frequency;
  }
}

double yarnAttentionFactor(const JsonFields &group, double factor) {
  if (std::optional<double> given = group.positive("attention_factor"))
    return *given;
  auto logarithm = [&](double scale) { return 0.1 * scale * std::log(factor) + 1; };
  std::optional<double> mscale = group.positive("mscale"), mscaleAllDim = group.positive("mscale_all_dim");
  return mscale && mscaleAllDim ? logarithm(*mscale) / logarithm(*mscaleAllDim) : logarithm(1);
}

/// YaRN: channels are interpolated by a ramp between the one that turns beta_fast times over the old context and the
/// one that turns beta_slow times.
double scaleYarn(std::vector<float> &frequencies, const JsonFields &group, double theta, int64_t contextLength) {
  double factor = readFactor(group);
  double fast = group.positive("beta_fast").value_or(32), slow = group.positive("beta_slow").value_or(1);
  if (fast <= slow)
    group.fail("beta_fast", "more than beta_slow");
  auto oldContext = static_cast<double>(group.optionalSize("original_max_position_embeddings").value_or(contextLength));
  auto headDim = static_cast<double>(2 * frequencies.size());
  auto channelOf = [&](double turns) {
    return headDim * std::log(oldContext / (turns * 2 * pi)) / (2 * std::log(theta));
  };
  double low = channelOf(fast), high = channelOf(slow);
  if (group.flag("truncate").value_or(true)) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, headDim - 1);
  if (low == high)
    high += 0.001;
  for (size_t i = 0; i < frequencies.size(); ++i) {
    float ramp = (static_cast<float>(i) - static_cast<float>(low)) / static_cast<float>(high - low);
    float keep = 1 - std::clamp(ramp, 0.0f, 1.0f);
    float interpolated = 1 / (static_cast<float>(factor) * positionsARadian(theta, i, 2 * frequencies.size()));
    frequencies[i] = interpolated * (1 - keep) + frequencies[i] * keep;
  }
  return yarnAttentionFactor(group, factor);
}

/// LongRoPE changes from one list to the other behind the old context. One list alone says any frequencies at all: so
/// export writes those that no other type has.
double scaleLongrope(std::vector<float> &frequencies, const JsonFields &group, double theta) {
  size_t pairs = frequencies.size();
  std::vector<double> stretches = group.positives("long_factor", pairs);
  if (group.positives("short_factor", pairs) != stretches)
    group.fail("short_factor", "the same as long_factor, for frequencies may not depend on the length of the text");
  for (size_t i = 0; i < pairs; ++i)
    frequencies[i] = 1 / (static_cast<float>(stretches[i]) * positionsARadian(theta, i, 2 * pairs));
  return group.requiredPositive("attention_factor");
}

std::string readType(const JsonFields &group) {
  std::optional<std::string> type = group.text("rope_type"), oldName = group.text("type");
  if (type && oldName && *type != *oldName)
    group.fail("type", "the same as rope_type");
  return type ? *type : oldName.value_or("default");
}

} // namespace

double readTheta(const JsonFields &group, double theta) {
  double found = group.positive("rope_theta").value_or(theta);
  if (found <= 1 || found > 1e30)
    group.fail("rope_theta", "a number above 1, at most 1e30");
  return found;
}

Rope readRope(const JsonFields &group, double theta, int64_t headDim, int64_t contextLength) {
  if (std::optional<double> share = group.positive("partial_rotary_factor"); share && *share != 1)
    group.fail("partial_rotary_factor", "1, for heads are rotated whole");
  Rope rope;
  rope.theta = readTheta(group, theta);
  std::string type = readType(group);
  std::vector<float> frequencies = plainFrequencies(rope.theta, headDim);
  if (type == "default") {
    // theta says it all
  } else if (type == "dynamic") {
    readFactor(group);
    rope.isDynamic = true;
  } else if (type == "linear") {
    double factor = readFactor(group);
    for (float &frequency : frequencies)
      frequency /= static_cast<float>(factor);
  } else if (type == "llama3") {
    scaleLlama3(frequencies, group);
  } else if (type == "yarn") {
    rope.attentionFactor = scaleYarn(frequencies, group, rope.theta, contextLength);
  } else if (type == "longrope") {
    rope.attentionFactor = scaleLongrope(frequencies, group, rope.theta);
  } else {
    group.fail(group.contains("rope_type") ? "rope_type" : "type",
               "default, linear, dynamic, llama3, yarn or longrope");
  }
  for (double frequency : frequencies)
    if (frequency < std::numeric_limits<float>::min())
      group.fail("factor", "frequencies that float32 can hold");
  if (type != "default" && !rope.isDynamic)
    rope.frequencies.assign(frequencies.begin(), frequencies.end());
  return rope;
}

} // namespace xlstm
