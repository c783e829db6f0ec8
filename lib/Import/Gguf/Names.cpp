//===- Names.cpp - llama.cpp's names of tensors ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/Names.h"

using namespace xlstm;

static constexpr WeightName names[] = {
    {Role::Embedding, "token_embd.weight"},
    {Role::Head, "output.weight"},
    {Role::FinalNorm, "output_norm.weight"},
    {Role::AttentionInputNorm, "blk.#.attn_norm.weight"},
    {Role::Query, "blk.#.attn_q.weight"},
    {Role::Key, "blk.#.attn_k.weight"},
    {Role::Value, "blk.#.attn_v.weight"},
    {Role::Output, "blk.#.attn_output.weight"},
    {Role::QueryBias, "blk.#.attn_q.bias"},
    {Role::KeyBias, "blk.#.attn_k.bias"},
    {Role::ValueBias, "blk.#.attn_v.bias"},
    {Role::OutputBias, "blk.#.attn_output.bias"},
    {Role::QueryNorm, "blk.#.attn_q_norm.weight"},
    {Role::KeyNorm, "blk.#.attn_k_norm.weight"},
    {Role::AttentionOutputNorm, "blk.#.post_attention_norm.weight"},
    {Role::MlpInputNorm, "blk.#.ffn_norm.weight"},
    {Role::Gate, "blk.#.ffn_gate.weight"},
    {Role::Up, "blk.#.ffn_up.weight"},
    {Role::Down, "blk.#.ffn_down.weight"},
    {Role::GateBias, "blk.#.ffn_gate.bias"},
    {Role::UpBias, "blk.#.ffn_up.bias"},
    {Role::DownBias, "blk.#.ffn_down.bias"},
    {Role::MlpOutputNorm, "blk.#.post_ffw_norm.weight"},
};

std::string gguf::tensorName(Role role, int64_t layer) {
  std::string name;
  for (const WeightName &known : names)
    if (known.role == role)
      name = known.pattern;
  if (size_t at = name.find('#'); at != std::string::npos)
    name.replace(at, 1, std::to_string(layer));
  return name;
}
