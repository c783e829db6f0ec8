//===- Families.cpp - what sets one teacher family apart ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Families.h"

namespace xlstm {
namespace {

using Weights = std::vector<WeightName>;

const Weights projections = {
    {Role::Embedding, "model.embed_tokens.weight"},
    {Role::Head, "lm_head.weight"},
    {Role::FinalNorm, "model.norm.weight"},
    {Role::Query, "model.layers.#.self_attn.q_proj.weight"},
    {Role::Key, "model.layers.#.self_attn.k_proj.weight"},
    {Role::Value, "model.layers.#.self_attn.v_proj.weight"},
    {Role::Output, "model.layers.#.self_attn.o_proj.weight"},
    {Role::Gate, "model.layers.#.mlp.gate_proj.weight"},
    {Role::Up, "model.layers.#.mlp.up_proj.weight"},
    {Role::Down, "model.layers.#.mlp.down_proj.weight"},
};

/// Norms of what a block reads (Llama, Mistral, Qwen).
const Weights inputNorms = {
    {Role::AttentionInputNorm, "model.layers.#.input_layernorm.weight"},
    {Role::MlpInputNorm, "model.layers.#.post_attention_layernorm.weight"},
};

/// Norms of what a block adds to the residual (Olmo 2 and 3).
const Weights outputNorms = {
    {Role::AttentionOutputNorm, "model.layers.#.post_attention_layernorm.weight"},
    {Role::MlpOutputNorm, "model.layers.#.post_feedforward_layernorm.weight"},
};

const Weights queryKeyNorms = {
    {Role::QueryNorm, "model.layers.#.self_attn.q_norm.weight"},
    {Role::KeyNorm, "model.layers.#.self_attn.k_norm.weight"},
};

const Weights qkvBiases = {
    {Role::QueryBias, "model.layers.#.self_attn.q_proj.bias"},
    {Role::KeyBias, "model.layers.#.self_attn.k_proj.bias"},
    {Role::ValueBias, "model.layers.#.self_attn.v_proj.bias"},
};

const Weights outputBias = {{Role::OutputBias, "model.layers.#.self_attn.o_proj.bias"}};

const Weights mlpBiases = {
    {Role::GateBias, "model.layers.#.mlp.gate_proj.bias"},
    {Role::UpBias, "model.layers.#.mlp.up_proj.bias"},
    {Role::DownBias, "model.layers.#.mlp.down_proj.bias"},
};

Weights join(std::initializer_list<Weights> parts) {
  Weights all = projections;
  for (const Weights &part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<Family> makeFamilies() {
  return {
      {.modelType = "llama",
       .architecture = "LlamaForCausalLM",
       .weights = join({inputNorms, qkvBiases, outputBias, mlpBiases}),
       .hasAttentionBiasKey = true,
       .hasMlpBiasKey = true,
       .vocabSize = 32000,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-6},
      {.modelType = "mistral",
       .architecture = "MistralForCausalLM",
       .weights = join({inputNorms}),
       .pattern = LayerPattern::Window,
       .vocabSize = 32000,
       .intermediateSize = 14336,
       .kvHeads = 8,
       .contextLength = 131072,
       .normEps = 1e-6},
      {.modelType = "olmo2",
       .architecture = "Olmo2ForCausalLM",
       .weights = join({outputNorms, queryKeyNorms, qkvBiases, outputBias}),
       .qkNorm = QkNorm::AllHeads,
       .hasAttentionBiasKey = true,
       .vocabSize = 50304,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-5},
      {.modelType = "olmo3",
       .architecture = "Olmo3ForCausalLM",
       .weights = join({outputNorms, queryKeyNorms, qkvBiases, outputBias}),
       .qkNorm = QkNorm::AllHeads,
       .pattern = LayerPattern::ThreeInFour,
       .hasAttentionBiasKey = true,
       .ropeByLayerType = true,
       .vocabSize = 50304,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-5,
       .theta = 500000.0},
      {.modelType = "qwen2",
       .architecture = "Qwen2ForCausalLM",
       .weights = join({inputNorms, qkvBiases}),
       .pattern = LayerPattern::AfterFirst,
       .alwaysQkvBias = true,
       .vocabSize = 151936,
       .intermediateSize = 22016,
       .kvHeads = 32,
       .contextLength = 32768,
       .normEps = 1e-6},
      {.modelType = "qwen3",
       .architecture = "Qwen3ForCausalLM",
       .weights = join({inputNorms, queryKeyNorms, qkvBiases, outputBias}),
       .qkNorm = QkNorm::PerHead,
       .pattern = LayerPattern::AfterFirst,
       .hasAttentionBiasKey = true,
       .vocabSize = 151936,
       .intermediateSize = 22016,
       .kvHeads = 32,
       .headDim = 128,
       .contextLength = 32768,
       .normEps = 1e-6},
  };
}

} // namespace

std::span<const Family> families() {
  static const std::vector<Family> all = makeFamilies();
  return all;
}

const Family *findFamily(std::string_view modelType) {
  for (const Family &family : families())
    if (family.modelType == modelType)
      return &family;
  return nullptr;
}

std::string weightName(const Family &family, Role role, int64_t layer) {
  for (const WeightName &weight : family.weights) {
    if (weight.role != role)
      continue;
    std::string name(weight.pattern);
    if (size_t at = name.find('#'); at != std::string::npos)
      name.replace(at, 1, std::to_string(layer));
    return name;
  }
  return {};
}

} // namespace xlstm
