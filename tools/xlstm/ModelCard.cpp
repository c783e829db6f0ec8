//===- ModelCard.cpp - what there is to say of a model's parts ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelCard.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm {

/// "0-2,4"
static std::string rangesOf(const std::vector<size_t> &indices) {
  std::string text;
  for (size_t n = 0; n < indices.size();) {
    size_t end = n;
    while (end + 1 < indices.size() && indices[end + 1] == indices[end] + 1)
      ++end;
    text += (text.empty() ? "" : ",") + std::to_string(indices[n]);
    text += end > n ? "-" + std::to_string(indices[end]) : "";
    n = end + 1;
  }
  return text;
}

static Json layerCard(const LayerDescription &layer) {
  Json card = {{"mixer", layer.mixer},
               {"heads", layer.heads},
               {"kv_heads", layer.kvHeads},
               {"head_size", layer.headSize},
               {"feed_forward", layer.feedForward}};
  if (!layer.student.empty())
    card["student"] = layer.student;
  if (layer.attends)
    card["mask"] = layer.window ? "causal, window " + std::to_string(layer.window) : "causal, full";
  if (layer.sinks)
    card["sinks"] = layer.sinks;
  if (!layer.keptHeads.empty()) {
    card["kept_heads"] = layer.keptHeads;
    card["kept_kv_heads"] = layer.keptKeyHeads;
  }
  card["rope"] = layer.rope.empty() ? "none" : layer.rope;
  card["qk_norm"] = layer.qkNorm.empty() ? "none" : layer.qkNorm;
  Json biases = Json::array();
  for (auto [present, name] :
       {std::pair(layer.biases.qkv, "qkv"), {layer.biases.output, "output"}, {layer.biases.mlp, "mlp"}})
    if (present)
      biases.push_back(name);
  card["biases"] = biases;
  if (!layer.featureMap.empty())
    card["feature_map"] = layer.featureMap;
  if (!layer.form.empty())
    card["memory"] = layer.form + ", chunk " + std::to_string(layer.chunk);
  return card;
}

Json modelCard(std::string_view mlir, const std::string &origin) {
  ModelDescription model = describeModel(mlir, origin);
  Json card = {{"family", model.family.empty() ? Json("not stated") : Json(model.family)},
               {"context", model.contextLength ? Json(model.contextLength) : Json("not stated")},
               {"vocabulary", model.vocab},
               {"width", model.width},
               {"layers", model.layers.size()}};
  std::vector<std::pair<const LayerDescription *, std::vector<size_t>>> groups;
  for (size_t n = 0; n < model.layers.size(); ++n) {
    auto same = [&](const auto &group) { return *group.first == model.layers[n]; };
    auto found = std::ranges::find_if(groups, same);
    if (found == groups.end())
      found = groups.insert(groups.end(), {&model.layers[n], {}});
    found->second.push_back(n);
  }
  card["layer_kinds"] = Json::array();
  for (const auto &[layer, indices] : groups) {
    Json kind = {{"layers", rangesOf(indices)}};
    kind.update(layerCard(*layer));
    card["layer_kinds"].push_back(kind);
  }
  card["norm_eps"] = model.normEps;
  card["tied_embeddings"] = model.tied;
  card["parameters"] = {{"total", model.parameters}, {"embedding", model.embeddingParameters}};
  if (model.newParameters)
    card["parameters"]["new"] = model.newParameters;
  return card;
}

void addTensor(Json &types, const std::string &type, uint64_t bytes) {
  Json &entry = types[type];
  if (entry.is_null())
    entry = {{"tensors", 0}, {"bytes", 0}};
  entry["tensors"] = entry["tensors"].get<uint64_t>() + 1;
  entry["bytes"] = entry["bytes"].get<uint64_t>() + bytes;
}

Json weightsCard(const std::map<std::string, StoredTensor> &tensors) {
  Json types = Json::object();
  uint64_t bytes = 0, elements = 0;
  for (const auto &[name, tensor] : tensors) {
    addTensor(types, std::string(safetensorsName(tensor.spec.dtype)), tensor.spec.numBytes());
    bytes += tensor.spec.numBytes();
    elements += tensor.spec.numElements();
  }
  return {{"tensors", tensors.size()}, {"elements", elements}, {"bytes", bytes}, {"types", types}};
}

/// "Sequence(Split, ByteLevel)"
static std::string componentName(const Json &component) {
  if (!component.is_object() || !component.contains("type") || !component["type"].is_string())
    return "none";
  std::string text = component["type"].get<std::string>(), inner;
  for (const char *list : {"pretokenizers", "normalizers"})
    if (component.contains(list) && component[list].is_array())
      for (const Json &part : component[list])
        inner += (inner.empty() ? "" : ", ") + componentName(part);
  return inner.empty() ? text : text + "(" + inner + ")";
}

Json tokenizerCard(std::string_view json, const std::string &origin) {
  Json root = parseJson(json, origin), card = Json::object();
  if (!root.is_object() || !root.contains("model") || !root["model"].is_object())
    fail(origin, ": expected a tokenizer.json, an object with 'model', found none");
  const Json &model = root["model"];
  card["type"] = model.contains("type") && model["type"].is_string() ? model["type"] : Json("BPE");
  for (const char *part : {"normalizer", "pre_tokenizer"})
    card[part] = componentName(root.value(part, Json()));
  Json special = Json::array();
  constexpr size_t most = 12;
  size_t count = 0;
  if (Json added = root.value("added_tokens", Json::array()); added.is_array())
    for (const Json &token : added)
      if (token.is_object() && token.value("special", Json()) == true && ++count <= most)
        special.push_back(token.value("content", Json()));
  card["special_tokens"] = count;
  card["first_special"] = special;
  try {
    card["vocabulary"] = Tokenizer::parse(json, origin).vocabSize();
  } catch (const Error &error) {
    card["not_supported"] = error.what();
  }
  return card;
}

/// 1234567 as "1,234,567"; a member's value on one line.
static std::string inlineText(const Json &value) {
  if (value.is_number_integer()) {
    std::string digits = value.dump();
    for (int at = int(digits.size()) - 3; at > (digits[0] == '-'); at -= 3)
      digits.insert(size_t(at), ",");
    return digits;
  }
  if (value.is_boolean())
    return value.get<bool>() ? "yes" : "no";
  if (value.is_string())
    return value.get<std::string>();
  std::string text;
  if (value.is_array())
    for (const Json &item : value)
      text += (text.empty() ? "" : " ") + inlineText(item);
  else if (value.is_object())
    for (const auto &[key, item] : value.items())
      text += (text.empty() ? "" : "; ") + key + (item.is_object() ? " (" : " ") + inlineText(item) +
              (item.is_object() ? ")" : "");
  else
    text = value.dump();
  return value.is_array() && text.empty() ? "none" : text;
}

std::string cardText(const Json &card) {
  std::string text;
  for (const auto &[key, value] : card.items()) {
    bool isList = value.is_array() && !value.empty() && value[0].is_object();
    for (const Json &item : isList ? value : Json::array({value})) // all of it may be words of a file
      text += escapeControls(key + std::string(key.size() < 16 ? 17 - key.size() : 1, ' ') + inlineText(item)) + "\n";
  }
  return text;
}

} // namespace xlstm
