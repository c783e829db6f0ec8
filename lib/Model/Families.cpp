//===- Families.cpp - the table of teacher families -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Model/Families.h"

namespace xlstm {
namespace {

using enum Extent;
using Parts = std::vector<Part>;

// What all families have. GGUF names are those of gguf-py's TensorNameMap.
const Parts projections = {
    {Role::Embedding, "model.embed_tokens", "token_embd", Vocabulary, Hidden},
    {Role::Query, "model.layers.#.self_attn.q_proj", "blk.#.attn_q", Queries, Hidden},
    {Role::Key, "model.layers.#.self_attn.k_proj", "blk.#.attn_k", Keys, Hidden},
    {Role::Value, "model.layers.#.self_attn.v_proj", "blk.#.attn_v", Keys, Hidden},
    {Role::Output, "model.layers.#.self_attn.o_proj", "blk.#.attn_output", Hidden, Queries},
    {Role::Gate, "model.layers.#.mlp.gate_proj", "blk.#.ffn_gate", Inner, Hidden},
    {Role::Up, "model.layers.#.mlp.up_proj", "blk.#.ffn_up", Inner, Hidden},
    {Role::Down, "model.layers.#.mlp.down_proj", "blk.#.ffn_down", Hidden, Inner},
    {Role::FinalNorm, "model.norm", "output_norm", Hidden},
    {Role::Head, "lm_head", "output", Vocabulary, Hidden},
};

/// Norms of what attention and the MLP read (Llama, Mistral, Qwen).
const Parts inputNorms = {
    {Role::AttentionInputNorm, "model.layers.#.input_layernorm", "blk.#.attn_norm", Hidden},
    {Role::MlpInputNorm, "model.layers.#.post_attention_layernorm", "blk.#.ffn_norm", Hidden},
};

/// Norms of what they add to the residual (Olmo 2 and 3).
const Parts outputNorms = {
    {Role::AttentionOutputNorm, "model.layers.#.post_attention_layernorm", "blk.#.post_attention_norm", Hidden},
    {Role::MlpOutputNorm, "model.layers.#.post_feedforward_layernorm", "blk.#.post_ffw_norm", Hidden},
};

const Parts queryKeyNorms = {
    {Role::QueryNorm, "model.layers.#.self_attn.q_norm", "blk.#.attn_q_norm", Queries},
    {Role::KeyNorm, "model.layers.#.self_attn.k_norm", "blk.#.attn_k_norm", Keys},
};

const Parts headNorms = {
    {Role::QueryHeadNorm, "model.layers.#.self_attn.q_norm", "blk.#.attn_q_norm", HeadChannels},
    {Role::KeyHeadNorm, "model.layers.#.self_attn.k_norm", "blk.#.attn_k_norm", HeadChannels},
};

constexpr Biases<BiasRule> attentionBiasKey{.qkv = BiasRule::IfAsked, .output = BiasRule::IfAsked};
// Of Llama, Mistral, and Qwen 2, which differs from Llama in the order of rows alone when it is stored as one.
constexpr GgufArchitecture ggufLlama{.name = "llama", .hasPairedRows = true};

Parts join(std::initializer_list<Parts> groups) {
  Parts all = projections;
  for (const Parts &group : groups)
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

std::vector<Family> makeFamilies() {
  return {
      {.modelType = "llama",
       .architecture = "LlamaForCausalLM",
       .gguf = {ggufLlama},
       .parts = join({inputNorms}),
       .biases = {.qkv = BiasRule::IfAsked, .output = BiasRule::IfAsked, .mlp = BiasRule::IfAsked},
       .vocabSize = 32000,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-6},
      {.modelType = "mistral",
       .architecture = "MistralForCausalLM",
       .gguf = {ggufLlama},
       .parts = join({inputNorms}),
       .pattern = LayerPattern::Window,
       .vocabSize = 32000,
       .intermediateSize = 14336,
       .kvHeads = 8,
       .contextLength = 131072,
       .normEps = 1e-6},
      {.modelType = "olmo2",
       .architecture = "Olmo2ForCausalLM",
       .gguf = {{"olmo2"}},
       .parts = join({outputNorms, queryKeyNorms}),
       .biases = attentionBiasKey,
       .vocabSize = 50304,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-5},
      {.modelType = "olmo3",
       .architecture = "Olmo3ForCausalLM",
       .gguf = {{"olmo2"}},
       .parts = join({outputNorms, queryKeyNorms}),
       .biases = attentionBiasKey,
       .pattern = LayerPattern::ThreeInFour,
       .ropeByLayerType = true,
       .vocabSize = 50304,
       .intermediateSize = 11008,
       .contextLength = 2048,
       .normEps = 1e-5,
       .theta = 500000.0},
      {.modelType = "qwen2",
       .architecture = "Qwen2ForCausalLM",
       .gguf = {{"qwen2"}, ggufLlama},
       .parts = join({inputNorms}),
       .biases = {.qkv = BiasRule::Always},
       .pattern = LayerPattern::AfterFirst,
       .vocabSize = 151936,
       .intermediateSize = 22016,
       .kvHeads = 32,
       .contextLength = 32768,
       .normEps = 1e-6},
      {.modelType = "qwen3",
       .architecture = "Qwen3ForCausalLM",
       .gguf = {{"qwen3"}},
       .parts = join({inputNorms, headNorms}),
       .biases = attentionBiasKey,
       .pattern = LayerPattern::AfterFirst,
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

} // namespace xlstm
