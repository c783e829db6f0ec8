//===- GgufTeacher.cpp - a Hugging Face folder as llama.cpp would store it ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// After llama.cpp's conversion/llama.py, olmo.py and base.py; not after the importer, whose tables it must not share.

#include "GgufTeacher.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

#include <cmath>
#include <cstring>
#include <numbers>

using namespace xlstm;
using namespace xlstm::test;
using G = GgufBuilder;
namespace fs = std::filesystem;

namespace {

constexpr std::pair<const char *, const char *> inputNormNames[] = {{"input_layernorm", "attn_norm"},
                                                                    {"post_attention_layernorm", "ffn_norm"}};
constexpr std::pair<const char *, const char *> outputNormNames[] = {
    {"post_attention_layernorm", "post_attention_norm"}, {"post_feedforward_layernorm", "post_ffw_norm"}};
constexpr std::pair<const char *, const char *> layerNames[] = {
    {"self_attn.q_proj", "attn_q"},      {"self_attn.k_proj", "attn_k"},      {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"}, {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},           {"mlp.down_proj", "ffn_down"}};
constexpr std::pair<const char *, const char *> topNames[] = {
    {"model.embed_tokens", "token_embd"}, {"model.norm", "output_norm"}, {"lm_head", "output"}};

template <typename Table>
std::string translate(const Table &table, const std::string &stem) {
  for (auto [from, to] : table)
    if (stem == from)
      return to;
  return "";
}

std::string ggufName(const std::string &name, bool isOlmo) {
  size_t dot = name.rfind('.');
  std::string stem = name.substr(0, dot), kind = name.substr(dot);
  if (!stem.starts_with("model.layers."))
    return translate(topNames, stem) + kind;
  size_t end = stem.find('.', 13);
  std::string part = stem.substr(end + 1),
              norm = isOlmo ? translate(outputNormNames, part) : translate(inputNormNames, part);
  return "blk." + stem.substr(13, end - 13) + "." + (norm.empty() ? translate(layerNames, part) : norm) + kind;
}

/// w.reshape(heads, 2, rows / heads / 2, ...).swapaxes(1, 2)
std::string permute(const std::string &data, int64_t rows, int64_t heads) {
  size_t rowBytes = data.size() / rows, half = rows / heads / 2;
  std::string out;
  for (int64_t head = 0; head < heads; ++head)
    for (size_t i = 0; i < half; ++i)
      for (size_t j = 0; j < 2; ++j)
        out += data.substr(((head * 2 + j) * half + i) * rowBytes, rowBytes);
  return out;
}

float halfValue(uint16_t half) {
  int exponent = half >> 10 & 31, mantissa = half & 1023;
  float magnitude = exponent ? std::ldexp(1024.f + mantissa, exponent - 25) : std::ldexp(float(mantissa), -24);
  return half & 0x8000 ? -magnitude : magnitude;
}

std::string toFloat32(const StoredTensor &tensor) {
  std::string out;
  for (size_t i = 0; i < tensor.bytes.size(); i += 2) {
    uint16_t element;
    std::memcpy(&element, &tensor.bytes[i], 2);
    float value = halfValue(element);
    if (tensor.spec.dtype == DType::BF16) {
      uint32_t bits = uint32_t(element) << 16;
      std::memcpy(&value, &bits, 4);
    }
    out += bytesOf(value);
  }
  return out;
}

void addTensors(GgufBuilder &builder, const fs::path &folder, const std::string &family, int64_t heads,
                int64_t kvHeads) {
  WeightFiles files = WeightFiles::open(folder);
  for (const auto &[name, tensor] : files.tensors()) {
    std::string data(reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size());
    uint32_t type = tensor.spec.dtype == DType::F32 ? 0 : tensor.spec.dtype == DType::F16 ? 1 : 30;
    if (tensor.spec.shape.size() == 1 && type != 0) {
      data = toFloat32(tensor);
      type = 0;
    }
    bool query = name.find("q_proj") != name.npos, key = name.find("k_proj") != name.npos;
    if ((family == "llama" || family == "mistral") && (query || key))
      data = permute(data, tensor.spec.shape[0], query ? heads : kvHeads);
    builder.add(ggufName(name, family.starts_with("olmo")), tensor.spec.shape, type, data);
  }
}

/// LlamaModel.generate_extra_tensors of llama.cpp's converter.
void addLlama3Factors(GgufBuilder &builder, const Json &rope, double theta, int64_t headDim) {
  double factor = rope["factor"], low = rope["low_freq_factor"], high = rope["high_freq_factor"];
  double oldContext = rope["original_max_position_embeddings"];
  std::string data;
  for (int64_t i = 0; i < headDim; i += 2) {
    double wavelength = 2 * std::numbers::pi * std::pow(theta, double(i) / double(headDim));
    double smooth = (oldContext / wavelength - low) / (high - low);
    data += bytesOf(float(wavelength < oldContext / high  ? 1
                          : wavelength > oldContext / low ? factor
                                                          : 1 / ((1 - smooth) / factor + smooth)));
  }
  builder.add("rope_freqs.weight", {headDim / 2}, 0, data);
}

void addRope(GgufBuilder &builder, const Json &config, const std::string &keys, int64_t headDim) {
  Json rope = config.value("rope_parameters", config.value("rope_scaling", Json()));
  if (rope.is_object() && rope.contains("full_attention"))
    rope = rope["full_attention"];
  if (!rope.is_object())
    rope = Json::object();
  double theta = rope.value("rope_theta", config.value("rope_theta", 10000.0));
  builder.setF32(keys + "rope.freq_base", float(theta));
  std::string type = rope.value("rope_type", "default");
  if (type == "llama3")
    addLlama3Factors(builder, rope, theta, headDim);
  if (type != "linear" && type != "yarn")
    return;
  builder.setText(keys + "rope.scaling.type", type);
  builder.setF32(keys + "rope.scaling.factor", rope["factor"]);
  if (type == "yarn")
    builder.setU32(keys + "rope.scaling.original_context_length", rope["original_max_position_embeddings"]);
  for (auto [from, to] : {std::pair("attention_factor", "yarn_attn_factor"),
                          {"beta_fast", "yarn_beta_fast"},
                          {"beta_slow", "yarn_beta_slow"}})
    if (rope.contains(from))
      builder.setF32(keys + "rope.scaling." + to, rope[from]);
}

void addWindow(GgufBuilder &builder, const Json &config, const std::string &keys) {
  if (config.value("sliding_window", Json()).is_null() || !config.value("use_sliding_window", true))
    return;
  builder.setU32(keys + "attention.sliding_window", config["sliding_window"]);
  if (!config.contains("layer_types"))
    return;
  std::vector<uint8_t> slides;
  for (const Json &layer : config["layer_types"])
    slides.push_back(layer == "sliding_attention");
  builder.setList(keys + "attention.sliding_window_pattern", G::Bool, slides);
}

} // namespace

void xlstm::addTokenizer(GgufBuilder &builder, const fs::path &file, int64_t vocabSize) {
  Json json = readJsonFile(file);
  std::vector<std::string> tokens(vocabSize), merges;
  std::vector<int32_t> types(vocabSize, 5);
  for (int64_t id = 0; id < vocabSize; ++id)
    tokens[id] = "[PAD" + std::to_string(id) + "]";
  auto put = [&](const std::string &token, int64_t id, int32_t type) {
    tokens[id] = token;
    types[id] = type;
  };
  for (const auto &[token, id] : json["model"]["vocab"].items())
    put(token, id, 1);
  for (const Json &added : json["added_tokens"])
    put(added["content"], added["id"], added["special"].get<bool>() ? 3 : 4);
  for (const Json &merge : json["model"]["merges"])
    merges.push_back(merge.is_string() ? merge.get<std::string>()
                                       : merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  std::string split = json["pre_tokenizer"].dump();
  std::string pre = split.find("{1,3}") != split.npos
                        ? json["model"]["ignore_merges"].get<bool>() ? "llama-bpe" : "dbrx"
                    : split.find("Digits") != split.npos ? "smollm"
                    : split.find("Split") != split.npos  ? "qwen2"
                                                         : "gpt-2";
  builder.setText("tokenizer.ggml.model", "gpt2");
  builder.setText("tokenizer.ggml.pre", pre);
  builder.setStrings("tokenizer.ggml.tokens", tokens);
  builder.setList("tokenizer.ggml.token_type", G::I32, types);
  builder.setStrings("tokenizer.ggml.merges", merges);
  bool addBos = json["post_processor"].dump().find("SpecialToken") != std::string::npos;
  builder.setBool("tokenizer.ggml.add_bos_token", addBos);
  if (addBos)
    for (size_t id = 0; id < tokens.size(); ++id)
      if (tokens[id] == "<|begin_of_text|>")
        builder.setU32("tokenizer.ggml.bos_token_id", uint32_t(id));
}

GgufBuilder xlstm::ggufOfTeacher(const fs::path &folder) {
  Json config = readJsonFile(folder / "config.json");
  std::string family = config["model_type"];
  std::string architecture = family == "mistral" ? "llama" : family == "olmo3" ? "olmo2" : family;
  std::string keys = architecture + ".";
  int64_t heads = config["num_attention_heads"], kvHeads = config["num_key_value_heads"];
  int64_t hidden = config["hidden_size"], vocabSize = config["vocab_size"];
  int64_t headDim = config.value("head_dim", Json()).is_null() ? hidden / heads : config["head_dim"].get<int64_t>();
  GgufBuilder builder;
  builder.setText("general.architecture", architecture);
  builder.setText("general.name", folder.filename().string());
  builder.setU32(keys + "block_count", config["num_hidden_layers"]);
  builder.setU32(keys + "context_length", config["max_position_embeddings"]);
  builder.setU32(keys + "embedding_length", uint32_t(hidden));
  builder.setU32(keys + "feed_forward_length", config["intermediate_size"]);
  builder.setU32(keys + "attention.head_count", uint32_t(heads));
  builder.setU32(keys + "attention.head_count_kv", uint32_t(kvHeads));
  builder.setF32(keys + "attention.layer_norm_rms_epsilon", config["rms_norm_eps"]);
  if (config.contains("head_dim")) {
    builder.setU32(keys + "attention.key_length", uint32_t(headDim));
    builder.setU32(keys + "attention.value_length", uint32_t(headDim));
  }
  if (architecture == "llama")
    builder.setU32(keys + "vocab_size", uint32_t(vocabSize));
  addRope(builder, config, keys, headDim);
  addWindow(builder, config, keys);
  addTokenizer(builder, folder / "tokenizer.json", vocabSize);
  builder.setU32("tokenizer.ggml.eos_token_id", config["eos_token_id"]);
  addTensors(builder, folder, family, heads, kvHeads);
  return builder;
}
