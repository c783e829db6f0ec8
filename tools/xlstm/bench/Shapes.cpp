//===- Shapes.cpp - teachers of known sizes, without weights --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Shapes.h"

#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Safetensors.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm::bench {

namespace {

constexpr Shape shapes[] = {
    {"tiny", 2, 64, 128, 4, 2, 16, 512, 512, true},
    {"28m", 8, 512, 1408, 8, 4, 64, 8192, 2048, false},         // small-llama
    {"135m", 30, 576, 1536, 9, 3, 64, 49152, 8192, true},       // SmolLM2-135M
    {"1b", 16, 2048, 8192, 32, 8, 64, 128256, 131072, true},    // Llama-3.2-1B
    {"8b", 32, 4096, 14336, 32, 8, 128, 128256, 131072, false}, // Llama-3.1-8B
};

} // namespace

static Json configOf(const Shape &shape) {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", shape.vocab},
          {"hidden_size", shape.width},
          {"intermediate_size", shape.inner},
          {"num_hidden_layers", shape.layers},
          {"num_attention_heads", shape.heads},
          {"num_key_value_heads", shape.keyHeads},
          {"head_dim", shape.headSize},
          {"max_position_embeddings", shape.context},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 500000.0},
          {"torch_dtype", "bfloat16"},
          {"tie_word_embeddings", shape.tied}};
}

static std::vector<TensorSpec> tensorsOf(const Shape &shape) {
  std::vector<TensorSpec> tensors;
  auto add = [&](const std::string &name, std::vector<int64_t> sizes) {
    tensors.push_back({name, DType::BF16, std::move(sizes)});
  };
  int64_t queries = shape.heads * shape.headSize, keys = shape.keyHeads * shape.headSize;
  add("model.embed_tokens.weight", {shape.vocab, shape.width});
  for (int64_t n = 0; n < shape.layers; ++n) {
    std::string layer = "model.layers." + std::to_string(n) + '.';
    for (const char *norm : {"input_layernorm.weight", "post_attention_layernorm.weight"})
      add(layer + norm, {shape.width});
    for (auto [name, rows] : {std::pair("q", queries), {"k", keys}, {"v", keys}})
      add(layer + "self_attn." + name + "_proj.weight", {rows, shape.width});
    add(layer + "self_attn.o_proj.weight", {shape.width, queries});
    for (const char *name : {"gate", "up"})
      add(layer + "mlp." + name + "_proj.weight", {shape.inner, shape.width});
    add(layer + "mlp.down_proj.weight", {shape.width, shape.inner});
  }
  add("model.norm.weight", {shape.width});
  if (!shape.tied)
    add("lm_head.weight", {shape.vocab, shape.width});
  return tensors;
}

/// Tensors that are holes: they read as zero and take no space.
static void writeHoles(const fs::path &file, const std::vector<TensorSpec> &tensors) {
  uint64_t bytes = 0;
  std::string header = safetensorsHeader(file, tensors, {}, bytes);
  writeTextFile(file, header);
  fs::resize_file(file, header.size() + bytes);
}

std::vector<std::string> shapeNames() {
  std::vector<std::string> names;
  for (const Shape &shape : shapes)
    names.push_back(shape.name);
  return names;
}

const Shape &shapeOf(const std::string &name) {
  for (const Shape &shape : shapes)
    if (name == shape.name)
      return shape;
  fail("no shape is named '", name, "'");
}

std::string moduleOfShape(const std::string &name, const fs::path &scratch) {
  const Shape &shape = shapeOf(name);
  fs::path folder = scratch / name;
  fs::create_directories(folder);
  writeTextFile(folder / "config.json", configOf(shape).dump(2));
  writeHoles(folder / "model.safetensors", tensorsOf(shape));
  return huggingFaceModule(folder);
}

} // namespace xlstm::bench
