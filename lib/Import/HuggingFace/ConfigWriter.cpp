//===- ConfigWriter.cpp - config.json of a configuration ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/ConfigWriter.h"

#include "lib/Import/HuggingFace/RopeWriter.h"

#include <algorithm>

namespace xlstm {
namespace {

/// Adds the rotary groups that `json` has under a key, or under full_attention and sliding_attention of it.
void addGroups(std::vector<Json> &groups, const Json &json, const char *key) {
  auto found = json.find(key);
  if (found == json.end() || !found->is_object())
    return;
  for (const char *type : {"full_attention", "sliding_attention"})
    addGroups(groups, *found, type);
  Json group = *found;
  if (!group.contains("rope_theta") && json.contains("rope_theta"))
    group["rope_theta"] = json["rope_theta"];
  if (auto type = group.find("type"); type != group.end()) { // the key's name before transformers 4.43
    group["rope_type"] = *type;
    group.erase("type");
  }
  groups.push_back(group);
}

std::vector<Json> rotaryGroups(const Json &carried) {
  std::vector<Json> groups;
  if (carried.is_object())
    for (const char *key : {"rope_parameters", "rope_scaling"})
      addGroups(groups, carried, key);
  return groups;
}

void writeRopes(const TeacherConfig &config, const Json &carried, Json &json) {
  std::vector<Json> known = rotaryGroups(carried);
  auto write = [&](const Rope &rope) { return writeRope(rope, config.headDim, config.contextLength, known); };
  auto layerOf = [&](bool slides) {
    return std::ranges::find_if(config.layers,
                                [&](const LayerConfig &layer) { return layer.window.has_value() == slides; });
  };
  auto full = layerOf(false), sliding = layerOf(true);
  Json group = write(full == config.layers.end() ? sliding->rope : full->rope), parameters = group;
  bool sayItOld = true;
  if (config.family->ropeByLayerType) {
    Json plain{{"rope_type", "default"}, {"rope_theta", group["rope_theta"]}};
    Json other = sliding == config.layers.end() ? plain : write(sliding->rope);
    if (full == config.layers.end())
      group = plain;
    parameters = {{"full_attention", group}, {"sliding_attention", other}};
    // All that rope_scaling can say of sliding layers.
    sayItOld = other["rope_type"] == "default" && other["rope_theta"] == group["rope_theta"];
  }
  if (sayItOld) {
    json["rope_theta"] = group["rope_theta"];
    group.erase("rope_theta");
    json["rope_scaling"] = group["rope_type"] == "default" ? Json() : group;
  }
  json["rope_parameters"] = parameters;
}

/// The keys that say which layers slide, as the family has them.
void writeWindows(const TeacherConfig &config, Json &json) {
  LayerPattern pattern = config.family->pattern;
  if (pattern == LayerPattern::Full)
    return;
  Json types = Json::array(), window;
  size_t firstSliding = config.layers.size();
  for (size_t i = 0; i < config.layers.size(); ++i) {
    bool slides = config.layers[i].window.has_value();
    types.push_back(slides ? "sliding_attention" : "full_attention");
    if (slides && window.is_null()) {
      window = *config.layers[i].window;
      firstSliding = i;
    }
  }
  json["sliding_window"] = window;
  if (pattern == LayerPattern::AfterFirst) {
    json["use_sliding_window"] = !window.is_null();
    json["max_window_layers"] = firstSliding;
  }
  if (pattern != LayerPattern::Window)
    json["layer_types"] = types;
}

} // namespace

std::string torchDtype(const WeightFiles &weights) {
  std::optional<DType> common;
  for (const auto &[name, tensor] : weights.tensors()) {
    if (common && *common != tensor.spec.dtype)
      return "float32";
    common = tensor.spec.dtype;
  }
  return std::string(torchName(common == DType::BF16 || common == DType::F16 ? *common : DType::F32));
}

Json writeTeacherConfig(const TeacherConfig &config, const std::string &dtype, const Json &carried) {
  const Family &family = *config.family;
  Json json{{"architectures", {family.architecture}}, {"model_type", family.modelType}};
  for (const char *key : {"bos_token_id", "eos_token_id", "pad_token_id"}) // absent ones would take the class's own
    json[key] = carried.is_object() ? carried.value(key, Json()) : Json();
  json["vocab_size"] = config.vocabSize;
  json["hidden_size"] = config.hiddenSize;
  json["intermediate_size"] = config.intermediateSize;
  json["num_hidden_layers"] = config.layers.size();
  json["num_attention_heads"] = config.numHeads;
  json["num_key_value_heads"] = config.numKvHeads;
  json["head_dim"] = config.headDim;
  json["hidden_act"] = "silu";
  json["max_position_embeddings"] = config.contextLength;
  json["rms_norm_eps"] = config.normEps;
  json["tie_word_embeddings"] = config.tiedHead;
  if (family.biases.output == BiasRule::IfAsked)
    json["attention_bias"] = config.biases.output;
  if (family.biases.mlp == BiasRule::IfAsked)
    json["mlp_bias"] = config.biases.mlp;
  writeWindows(config, json);
  writeRopes(config, carried, json);
  json["torch_dtype"] = dtype;
  return json;
}

} // namespace xlstm
