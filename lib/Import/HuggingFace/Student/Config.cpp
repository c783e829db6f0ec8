//===- Config.cpp - config.json of an exported student --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Student/Config.h"

#include "lib/Import/HuggingFace/Student/Graph.h"

using namespace mlir;

namespace xlstm {

/// The type that most bytes of the weights have, as config.json names it: gates are float32 whatever the rest is.
static std::string mostlyOf(const WeightFiles &weights) {
  std::map<DType, uint64_t> bytes;
  for (const auto &[name, tensor] : weights.tensors())
    bytes[tensor.spec.dtype] += tensor.bytes.size();
  auto most = std::ranges::max_element(bytes, {}, [](const auto &entry) { return entry.second; });
  bool isHalf = most != bytes.end() && (most->first == DType::BF16 || most->first == DType::F16);
  return std::string(torchName(isHalf ? most->first : DType::F32));
}

/// Query heads, key heads and channels of a head, of the first layer that splits heads.
static void addHeads(lm::ModelOp model, Json &config) {
  int64_t most = 0, least = 0, size = 0;
  model.walk([&](lm::LayerOp layer) {
    for (auto split : layer.getBody().getOps<lm::SplitHeadsOp>()) {
      int64_t heads = split.getType().getDimSize(2);
      most = std::max(most, heads), least = least ? std::min(least, heads) : heads;
      size = split.getType().getDimSize(3);
    }
    return most ? WalkResult::interrupt() : WalkResult::advance();
  });
  config.update({{"num_attention_heads", most}, {"num_key_value_heads", least}, {"head_dim", size}});
}

Json writeStudentConfig(lm::ModelOp model, const Bundle &bundle, const Json &carried) {
  Json graph = graphOf(model, bundle.modelFile().string());
  auto logits = cast<RankedTensorType>(model.getFunctionType().getResult(0));
  auto layer = *model.getBody().getOps<lm::LayerOp>().begin();
  Json config{{"architectures", {"XlstmHybridForCausalLM"}},
              {"model_type", "xlstm_hybrid"},
              {"auto_map",
               {{"AutoConfig", "configuration_xlstm_hybrid.XlstmHybridConfig"},
                {"AutoModelForCausalLM", "modeling_xlstm_hybrid.XlstmHybridForCausalLM"}}},
              {"vocab_size", logits.getShape().back()},
              {"hidden_size", cast<RankedTensorType>(layer->getOperand(0).getType()).getShape().back()},
              {"num_hidden_layers", graph["layer_kinds"].size()}};
  addHeads(model, config);
  if (std::optional<uint64_t> context = model.getContextLength())
    config["max_position_embeddings"] = *context;
  for (const char *key : {"bos_token_id", "eos_token_id", "pad_token_id"})
    if (carried.is_object() && carried.contains(key))
      config[key] = carried[key];
  config["torch_dtype"] = config["dtype"] = mostlyOf(bundle.weights);
  config["graph"] = std::move(graph);
  return config;
}

/// What fits stands on one line, so that a layer reads as the list of ops that it is.
static std::string textOf(const Json &json, size_t indent) {
  constexpr size_t width = 130;
  std::string line = json.dump();
  if (!json.is_structured() || indent + line.size() <= width)
    return line;
  std::string text, between = "\n" + std::string(indent + 2, ' ');
  for (const auto &[key, value] : json.items())
    text += (text.empty() ? "" : ",") + between + (json.is_object() ? Json(key).dump() + ": " : "") +
            textOf(value, indent + 2);
  between.resize(indent + 1);
  return (json.is_object() ? "{" : "[") + text + between + (json.is_object() ? "}" : "]");
}

std::string configText(const Json &config) { return textOf(config, 0) + "\n"; }

} // namespace xlstm
