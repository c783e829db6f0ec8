//===- Config.cpp - config.json of a teacher ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Config.h"

#include "lib/Import/HuggingFace/JsonFields.h"

#include <algorithm>

namespace xlstm {
namespace {

// Beyond any model; a false number must not cost memory or time.
constexpr int64_t mostLayers = 10000, largestHeadDim = 4096;

const Family &readFamily(const JsonFields &fields) {
  const Family *family = findFamily(fields.text("model_type").value_or(""));
  if (!family)
    fields.fail("model_type", "one of " + familyNames());
  if (const Json *names = fields.find("architectures")) {
    std::string backbone = backboneArchitecture(*family);
    auto has = [&](std::string_view name) {
      return names->is_array() && std::find(names->begin(), names->end(), name) != names->end();
    };
    if (!has(family->architecture) && !has(backbone))
      fields.fail("architectures", "a list with " + std::string(family->architecture) + " or " + backbone);
  }
  return *family;
}

/// Keys that would change the numbers in ways that we do not follow.
void refuseUnreadKeys(const JsonFields &fields) {
  if (fields.find("quantization_config"))
    fields.fail("quantization_config", "none, for quantised weights are not read");
  if (fields.text("hidden_act").value_or("silu") != "silu")
    fields.fail("hidden_act", "'silu'");
  if (std::optional<double> share = fields.positive("partial_rotary_factor"); share && *share != 1)
    fields.fail("partial_rotary_factor", "1, for heads are rotated whole");
}

void readSizes(const JsonFields &fields, TeacherConfig &config) {
  const Family &family = *config.family;
  auto size = [&](const char *key, int64_t value) { return fields.contains(key) ? fields.size(key) : value; };
  config.vocabSize = size("vocab_size", family.vocabSize);
  config.hiddenSize = size("hidden_size", family.hiddenSize);
  config.intermediateSize = size("intermediate_size", family.intermediateSize);
  config.contextLength = fields.optionalSize("max_position_embeddings").value_or(family.contextLength);
  config.numHeads = size("num_attention_heads", family.numHeads);
  int64_t defaultKvHeads = fields.contains("num_key_value_heads") || !family.kvHeads ? config.numHeads : family.kvHeads;
  config.numKvHeads = fields.optionalSize("num_key_value_heads").value_or(defaultKvHeads);
  if (config.numHeads % config.numKvHeads != 0)
    fields.fail("num_key_value_heads", "a divisor of " + std::to_string(config.numHeads) + " (num_attention_heads)");
  std::optional<int64_t> headDim = fields.optionalSize("head_dim");
  if (!headDim && !family.headDim && config.hiddenSize % config.numHeads != 0)
    fields.fail("num_attention_heads", "a divisor of " + std::to_string(config.hiddenSize) + " (hidden_size)");
  config.headDim = headDim.value_or(family.headDim ? family.headDim : config.hiddenSize / config.numHeads);
  if (config.headDim % 2 != 0 || config.headDim > largestHeadDim)
    fields.fail("head_dim", "an even number of at most " + std::to_string(largestHeadDim));
  config.normEps = fields.positive("rms_norm_eps").value_or(family.normEps);
  if (config.normEps >= 1)
    fields.fail("rms_norm_eps", "a number below 1");
}

void readSwitches(const JsonFields &fields, TeacherConfig &config) {
  const Biases<BiasRule> &rules = config.family->biases;
  auto has = [&](BiasRule rule, const char *key) {
    return rule == BiasRule::Always || (rule == BiasRule::IfAsked && fields.flag(key).value_or(false));
  };
  config.tiedHead = fields.flag("tie_word_embeddings").value_or(false);
  config.biases = {.qkv = has(rules.qkv, "attention_bias"),
                   .output = has(rules.output, "attention_bias"),
                   .mlp = has(rules.mlp, "mlp_bias")};
}

/// The window of the layers that slide; nothing where no layer does.
std::optional<int64_t> readWindow(const JsonFields &fields, LayerPattern pattern) {
  constexpr int64_t classDefault = 4096;
  if (pattern == LayerPattern::Full)
    return std::nullopt;
  if (pattern == LayerPattern::AfterFirst && !fields.flag("use_sliding_window").value_or(false))
    return std::nullopt;
  return fields.contains("sliding_window") ? fields.optionalSize("sliding_window") : std::optional(classDefault);
}

/// Which layers slide where there is no layer_types.
std::vector<bool> defaultSliding(const JsonFields &fields, const Family &family, bool hasWindow, int64_t numLayers) {
  std::vector<bool> sliding(numLayers);
  int64_t first = fields.optionalCount("max_window_layers").value_or(28);
  for (int64_t i = 0; i < numLayers; ++i)
    sliding[i] = (family.pattern == LayerPattern::Window && hasWindow) ||
                 (family.pattern == LayerPattern::AfterFirst && hasWindow && i >= first) ||
                 (family.pattern == LayerPattern::ThreeInFour && (i + 1) % 4 != 0);
  return sliding;
}

std::vector<bool> readLayerTypes(const JsonFields &fields, const Json &types, int64_t numLayers) {
  if (!types.is_array() || static_cast<int64_t>(types.size()) != numLayers)
    fields.fail("layer_types", "a list of " + std::to_string(numLayers) + " (num_hidden_layers)");
  std::vector<bool> sliding;
  for (const Json &type : types) {
    if (type != "full_attention" && type != "sliding_attention")
      fields.fail("layer_types", "full_attention or sliding_attention for layer " + std::to_string(sliding.size()));
    sliding.push_back(type == "sliding_attention");
  }
  return sliding;
}

std::vector<std::optional<int64_t>> readWindows(const JsonFields &fields, const Family &family) {
  int64_t numLayers = fields.contains("num_hidden_layers") ? fields.size("num_hidden_layers") : family.numLayers;
  if (numLayers > mostLayers)
    fields.fail("num_hidden_layers", "at most " + std::to_string(mostLayers));
  std::optional<int64_t> window = readWindow(fields, family.pattern);
  std::vector<bool> sliding = defaultSliding(fields, family, window.has_value(), numLayers);
  if (const Json *types = fields.find("layer_types")) {
    std::vector<bool> given = readLayerTypes(fields, *types, numLayers);
    bool isFree = family.pattern == LayerPattern::AfterFirst || family.pattern == LayerPattern::ThreeInFour;
    if (!isFree && given != sliding)
      fields.fail("layer_types", "the layers of a " + std::string(family.modelType) +
                                     " model to be all alike, as sliding_window says");
    sliding = given;
  }
  std::vector<std::optional<int64_t>> windows(numLayers);
  for (int64_t i = 0; i < numLayers; ++i) {
    if (sliding[i] && !window)
      fields.fail("sliding_window", "the window of layer " + std::to_string(i) + ", which is a sliding_attention");
    if (sliding[i])
      windows[i] = window;
  }
  return windows;
}

/// The rotations of full and of sliding layers.
struct Ropes {
  Rope full, sliding;
  bool operator==(const Ropes &) const = default;
};

Ropes readRopeParameters(const JsonFields &group, const TeacherConfig &config, double theta) {
  auto read = [&](const JsonFields &fields) { return readRope(fields, theta, config.headDim, config.contextLength); };
  auto full = group.child("full_attention"), sliding = group.child("sliding_attention");
  if (!config.family->ropeByLayerType) {
    if (full || sliding)
      group.fail(full ? "full_attention" : "sliding_attention", "one rotation for all layers");
    Rope rope = read(group);
    return {rope, rope};
  }
  if (!full && !sliding)
    group.fail("full_attention", "an object");
  Rope plain;
  plain.theta = theta;
  return {full ? read(*full) : plain, sliding ? read(*sliding) : plain};
}

/// rope_parameters of transformers 5, or rope_theta and rope_scaling of all before; both only where they agree.
Ropes readRopes(const JsonFields &fields, const TeacherConfig &config) {
  double theta = readTheta(fields, config.family->theta);
  Rope plain;
  plain.theta = theta;
  Ropes old{plain, plain};
  auto scaling = fields.child("rope_scaling"), parameters = fields.child("rope_parameters");
  if (scaling) {
    old.full = readRope(*scaling, theta, config.headDim, config.contextLength);
    if (!config.family->ropeByLayerType)
      old.sliding = old.full;
  }
  if (!parameters)
    return old;
  Ropes ropes = readRopeParameters(*parameters, config, theta);
  if (fields.find("rope_theta") && (ropes.full.theta != theta || ropes.sliding.theta != theta))
    fields.fail("rope_theta", "the same as rope_parameters has");
  if (scaling && !(old == ropes))
    fields.fail("rope_scaling", "the same as rope_parameters");
  return ropes;
}

} // namespace

TeacherConfig readTeacherConfig(const std::filesystem::path &path) {
  return readTeacherConfig(readJsonFile(path), path.string());
}

TeacherConfig readTeacherConfig(const Json &json, const std::string &origin) {
  JsonFields fields(json, origin);
  TeacherConfig config;
  config.family = &readFamily(fields);
  refuseUnreadKeys(fields);
  readSizes(fields, config);
  readSwitches(fields, config);
  Ropes ropes = readRopes(fields, config);
  for (std::optional<int64_t> window : readWindows(fields, *config.family))
    config.layers.push_back({window, window ? ropes.sliding : ropes.full});
  for (const LayerConfig &layer : config.layers)
    if (layer.rope.isDynamic && config.warnings.empty())
      config.warnings.push_back(origin + ": rope_type 'dynamic': the frequencies are those of texts of up to " +
                                std::to_string(config.contextLength) +
                                " tokens (max_position_embeddings); transformers changes them for longer ones");
  return config;
}

} // namespace xlstm
