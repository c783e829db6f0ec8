//===- Model.cpp - the model that a GGUF file's keys describe -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/Model.h"

#include "lib/Import/Gguf/Rope.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::gguf;

namespace {

// As in config.json: beyond any model, and the product of two sizes fits 64 bits.
constexpr int64_t mostLayers = 10000, largestSize = int64_t{1} << 27, largestHeadDim = 4096;

class ModelReader {
public:
  explicit ModelReader(const GgufFile &file) : file(file) {}
  Model read();

private:
  std::string key(const char *name) const { return architecture + "." + name; }
  std::string nameOf(TensorRole tensor) const { return ggufName(*candidates.front(), tensor); }
  bool hasTensor(TensorRole tensor) const { return file.findTensor(nameOf(tensor)); }
  int64_t size(const char *name, int64_t most = largestSize) const;
  int64_t heads(const char *name) const;

  void readArchitecture();
  void refuseUnreadKeys() const;
  void readSizes();
  int64_t readHeadDim(int64_t hidden, int64_t numHeads) const;
  int64_t readVocabulary() const;
  std::vector<bool> readSliding(int64_t numLayers) const;
  void readWindows();
  void chooseFamily();
  void readBiases();

  const GgufFile &file;
  std::string architecture;
  std::vector<const Family *> candidates; // of the architecture
  const Family *family = nullptr;
  std::optional<int64_t> window;
  std::vector<bool> sliding;
  Json config = Json::object();
};

int64_t ModelReader::size(const char *name, int64_t most) const {
  std::optional<int64_t> value = file.integer(key(name), 1, most);
  if (!value)
    file.fail(key(name), "an integer from 1 to " + std::to_string(most));
  return *value;
}

/// A number of heads, given once or for every layer.
int64_t ModelReader::heads(const char *name) const {
  const GgufValue *value = file.find(key(name));
  if (!value || value->type != GgufType::Array)
    return size(name);
  std::vector<int64_t> counts = *file.integers(key(name), mostLayers);
  bool alike = std::ranges::adjacent_find(counts, std::ranges::not_equal_to()) == counts.end();
  if (counts.empty() || !alike || counts[0] < 1 || counts[0] > largestSize)
    file.fail(key(name), "one number of heads for all layers, at least 1");
  return counts[0];
}

void ModelReader::readArchitecture() {
  constexpr const char *name = "general.architecture";
  architecture = file.text(name).value_or("");
  candidates = familiesOfGguf(architecture);
  if (candidates.empty())
    file.fail(name, "one of " + ggufArchitectureNames());
  if (std::optional<std::string> type = file.text("general.type"); type && *type != "model")
    file.fail("general.type", "'model'");
  if (auto parts = file.integer("split.count", 0, largestSize); parts && *parts > 1)
    file.fail("split.count", "1: a file that is whole (llama-gguf-split --merge joins the parts)");
}

/// Keys that would change the numbers in ways that we do not follow.
void ModelReader::refuseUnreadKeys() const {
  for (const char *name :
       {"expert_count", "attention.clamp_kqv", "attention.max_alibi_bias", "attention.scale", "embedding_scale",
        "residual_scale", "logit_scale", "attn_logit_softcapping", "final_logit_softcapping", "rope.scaling.alpha"})
    if (std::optional<double> value = file.number(key(name)); value && *value != 0)
      file.fail(key(name), "none, for it would change what the model computes");
  if (!file.flag(key("attention.causal")).value_or(true))
    file.fail(key("attention.causal"), "true");
}

/// Channels of a head; those of values are as many, and all are rotated.
int64_t ModelReader::readHeadDim(int64_t hidden, int64_t numHeads) const {
  int64_t headDim = 0;
  if (file.find(key("attention.key_length")))
    headDim = size("attention.key_length", largestHeadDim);
  else if (hidden % numHeads == 0)
    headDim = hidden / numHeads;
  else
    file.fail(key("attention.head_count"), "a divisor of " + std::to_string(hidden) + " (embedding_length)");
  if (headDim % 2 != 0 || headDim > largestHeadDim)
    fail(file.origin(), ": key '", key("attention.key_length"), "': expected an even number of at most ",
         largestHeadDim, " channels of a head, found ", headDim);
  for (const char *name : {"attention.value_length", "rope.dimension_count"})
    if (file.find(key(name)) && size(name) != headDim)
      file.fail(key(name), std::to_string(headDim) + ", the channels of a head's keys");
  return headDim;
}

int64_t ModelReader::readVocabulary() const {
  const std::string name = nameOf({Role::Embedding});
  const GgufTensor *table = file.findTensor(name);
  if (!table || table->shape.size() != 2)
    fail(file.origin(), ": tensor '", name, "': expected a matrix, found ",
         table ? describe(*table) : "no such tensor");
  if (table->shape[0] > largestSize)
    fail(file.origin(), ": tensor '", name, "': expected at most ", largestSize, " rows, found ", table->shape[0]);
  if (file.find(key("vocab_size")) && size("vocab_size") != table->shape[0])
    file.fail(key("vocab_size"), std::to_string(table->shape[0]) + ", the rows of " + name);
  return table->shape[0];
}

void ModelReader::readSizes() {
  int64_t hidden = size("embedding_length"), numHeads = heads("attention.head_count"), numKvHeads = numHeads;
  if (file.find(key("attention.head_count_kv")))
    numKvHeads = heads("attention.head_count_kv");
  if (numHeads % numKvHeads != 0)
    file.fail(key("attention.head_count_kv"), "a divisor of " + std::to_string(numHeads) + " (head_count)");
  config["vocab_size"] = readVocabulary();
  config["hidden_size"] = hidden;
  config["intermediate_size"] = size("feed_forward_length");
  config["num_hidden_layers"] = size("block_count", mostLayers);
  config["num_attention_heads"] = numHeads;
  config["num_key_value_heads"] = numKvHeads;
  config["head_dim"] = readHeadDim(hidden, numHeads);
  config["hidden_act"] = "silu";
  config["max_position_embeddings"] = size("context_length");
  const std::string epsilonKey = key("attention.layer_norm_rms_epsilon");
  std::optional<double> epsilon = file.number(epsilonKey);
  if (!epsilon || *epsilon <= 0 || *epsilon >= 1)
    file.fail(epsilonKey, "a number above 0 and below 1");
  config["rms_norm_eps"] = *epsilon;
  config["tie_word_embeddings"] = !hasTensor({Role::Head});
}

/// Which layers attend over the window: a list, every layer but each n-th, or all.
std::vector<bool> ModelReader::readSliding(int64_t numLayers) const {
  const std::string name = key("attention.sliding_window_pattern");
  const GgufValue *value = file.find(name);
  std::vector<bool> layers(numLayers, true);
  if (value && value->type == GgufType::Array) {
    std::vector<int64_t> list = *file.integers(name, mostLayers);
    if (static_cast<int64_t>(list.size()) < numLayers)
      file.fail(name, "a value for each of " + std::to_string(numLayers) + " layers");
    for (int64_t i = 0; i < numLayers; ++i)
      layers[i] = list[i] != 0;
    return layers;
  }
  bool isThreeInFour = std::ranges::find(candidates, LayerPattern::ThreeInFour, &Family::pattern) != candidates.end();
  int64_t period = file.integer(name, 0, largestSize).value_or(isThreeInFour ? 4 : 0);
  for (int64_t i = 0; period > 0 && i < numLayers; ++i)
    layers[i] = (i + 1) % period != 0;
  return layers;
}

void ModelReader::readWindows() {
  std::optional<int64_t> found = file.integer(key("attention.sliding_window"), 0, largestSize);
  if (!found || *found == 0)
    return;
  sliding = readSliding(config["num_hidden_layers"].get<int64_t>());
  if (std::ranges::find(sliding, true) == sliding.end())
    sliding.clear();
  else
    window = *found;
}

/// llama.cpp has one architecture for what transformers gives several model types.
void ModelReader::chooseFamily() {
  ModelTraits traits;
  traits.hasWindow = window.has_value();
  for (const Family *candidate : candidates)
    for (const Part &part : candidate->parts)
      for (TensorRole tensor : {TensorRole{part.role}, TensorRole{part.role, true}})
        if (file.findTensor(ggufName(*candidate, tensor)))
          traits.tensors.insert(tensor);
  family = &closestFamily(traits, candidates);
}

/// What config.json says of biases and windows, as the family spells it.
void ModelReader::readBiases() {
  if (family->biases.output == BiasRule::IfAsked)
    config["attention_bias"] = hasTensor({Role::Query, true}) || hasTensor({Role::Output, true});
  if (family->biases.mlp == BiasRule::IfAsked)
    config["mlp_bias"] = hasTensor({Role::Gate, true});
  if (family->pattern == LayerPattern::AfterFirst)
    config["use_sliding_window"] = window.has_value();
  if (family->pattern != LayerPattern::Full)
    config["sliding_window"] = window ? Json(*window) : Json(nullptr);
  if (!window)
    return;
  Json types = Json::array();
  for (bool slides : sliding)
    types.push_back(slides ? "sliding_attention" : "full_attention");
  config["layer_types"] = types;
}

Model ModelReader::read() {
  readArchitecture();
  refuseUnreadKeys();
  readSizes();
  readWindows();
  chooseFamily();
  config["model_type"] = family->modelType;
  config["architectures"] = Json::array({family->architecture});
  readBiases();
  int64_t headDim = config["head_dim"], contextLength = config["max_position_embeddings"];
  RopeScaling rope = readRopeScaling(file, architecture + ".", headDim, contextLength);
  if (std::optional<double> base = file.number(key("rope.freq_base_swa")); base && *base != rope.theta)
    file.fail(key("rope.freq_base_swa"), "the same as rope.freq_base");
  config["rope_theta"] = rope.theta;

  Model model;
  model.hasPairedRows = std::ranges::find(family->gguf, architecture, &GgufArchitecture::name)->hasPairedRows;
  config["rope_scaling"] = rope.config;
  model.teacher = readTeacherConfig(config, file.origin());
  model.config = std::move(config);
  return model;
}

} // namespace

Model gguf::readModel(const GgufFile &file) { return ModelReader(file).read(); }
