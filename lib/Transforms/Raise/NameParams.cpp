//===- NameParams.cpp - weights by their Hugging Face names ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/Roles.h"
#include "xlstm/Transforms/RaisePasses.h"

#include <set>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_NAMEPARAMS
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

using raise::Role;

constexpr StringLiteral embeddingName = "model.embed_tokens.weight";

class Namer {
public:
  explicit Namer(lm::ModelOp model) : model(model), builder(model.getContext()) {}
  LogicalResult run(SmallVectorImpl<Attribute> &weights);

private:
  std::string nameInLayer(lm::LayerOp layer, OpOperand &use);
  std::string nameOf(OpOperand &use);
  bool isEmbedding(onnx::WeightOp weight);
  StringRef suffixOf(Role role) const;
  StringRef family();

  lm::ModelOp model;
  OpBuilder builder;
  bool hasOutputNorms = false;
  onnx::WeightOp embedding;
};

/// Null in a layer that has no sum.
lm::AddOp attentionSumOf(lm::LayerOp layer) {
  auto sums = layer.getBody().getOps<lm::AddOp>();
  return sums.empty() ? lm::AddOp() : *sums.begin();
}

/// The name behind "model.layers.N.". Norms are called by their place, which differs between families.
StringRef Namer::suffixOf(Role role) const {
  switch (role) {
  case Role::AttentionInputNorm:
    return "input_layernorm";
  case Role::Query:
    return "self_attn.q_proj";
  case Role::Key:
    return "self_attn.k_proj";
  case Role::Value:
    return "self_attn.v_proj";
  case Role::QueryNorm:
  case Role::QueryHeadNorm:
    return "self_attn.q_norm";
  case Role::KeyNorm:
  case Role::KeyHeadNorm:
    return "self_attn.k_norm";
  case Role::Output:
    return "self_attn.o_proj";
  case Role::AttentionOutputNorm:
    return "post_attention_layernorm";
  case Role::MlpInputNorm:
    return hasOutputNorms ? "" : "post_attention_layernorm";
  case Role::Gate:
    return "mlp.gate_proj";
  case Role::Up:
    return "mlp.up_proj";
  case Role::Down:
    return "mlp.down_proj";
  case Role::MlpOutputNorm:
    return "post_feedforward_layernorm";
  default:
    return "";
  }
}

std::string Namer::nameInLayer(lm::LayerOp layer, OpOperand &use) {
  std::optional<Role> role = raise::roleOf(use.getOwner(), attentionSumOf(layer));
  StringRef suffix = role ? suffixOf(*role) : "";
  if (suffix.empty())
    return "";
  StringRef kind = isa<lm::LinearOp>(use.getOwner()) && use.getOperandNumber() == 2 ? ".bias" : ".weight";
  return ("model.layers." + Twine(layer.getIndex()) + "." + suffix + kind).str();
}

/// Tied weights are one tensor of the file, or two of one content.
bool Namer::isEmbedding(onnx::WeightOp weight) {
  if (!embedding || weight.getType() != embedding.getType())
    return false;
  bool isSame = weight.getInitializer() == embedding.getInitializer() &&
                weight.getTransposed() == embedding.getTransposed() &&
                weight.getBlocksAttr() == embedding.getBlocksAttr() && !weight.getRows() && !embedding.getRows();
  return isSame || (weight.getContent() && weight.getContent() == embedding.getContent());
}

/// The name of the weight that an op reads; empty when it has none in these families.
std::string Namer::nameOf(OpOperand &use) {
  if (auto layer = use.getOwner()->getParentOfType<lm::LayerOp>())
    return nameInLayer(layer, use);
  if (isa<lm::EmbedOp>(use.getOwner()))
    return embeddingName.str();
  if (isa<lm::RmsNormOp>(use.getOwner()))
    return "model.norm.weight";
  if (use.getOperandNumber() != 1)
    return "";
  return isEmbedding(use.get().getDefiningOp<onnx::WeightOp>()) ? embeddingName.str() : "lm_head.weight";
}

/// The family that has such layers.
StringRef Namer::family() {
  bool hasWindow = false, hasHeadNorm = false, hasBias = false, hasOutputBias = false;
  model.walk([&](Operation *op) {
    auto attention = dyn_cast<lm::AttentionOp>(op);
    hasWindow |= attention && attention.getWindow();
    auto norm = dyn_cast<lm::RmsNormOp>(op);
    hasHeadNorm |= norm && cast<RankedTensorType>(norm.getType()).getRank() == 4;
    auto linear = dyn_cast<lm::LinearOp>(op);
    bool isOutput = linear && linear.getX().getDefiningOp<lm::MergeHeadsOp>();
    if (linear && linear.getBias())
      (isOutput ? hasOutputBias : hasBias) = true;
  });
  if (hasOutputNorms)
    return hasWindow ? "olmo3" : "olmo2";
  if (hasHeadNorm)
    return "qwen3";
  if (hasBias && !hasOutputBias)
    return "qwen2";
  return hasWindow ? "mistral" : "llama";
}

LogicalResult Namer::run(SmallVectorImpl<Attribute> &weights) {
  for (lm::LayerOp layer : model.getLayers())
    for (auto norm : layer.getBody().getOps<lm::RmsNormOp>())
      hasOutputNorms |= raise::roleOf(norm, attentionSumOf(layer)) == Role::AttentionOutputNorm;
  for (auto embed : model.getBody().getOps<lm::EmbedOp>())
    embedding = embed.getTable().getDefiningOp<onnx::WeightOp>();
  model.setFamily(family());
  SmallVector<onnx::WeightOp> found;
  model.walk([&](onnx::WeightOp weight) { found.push_back(weight); });
  std::set<std::string> seen;
  for (onnx::WeightOp weight : found) {
    if (weight->use_empty())
      continue;
    OpOperand &use = *weight.getResult().getUses().begin();
    std::string name = nameOf(use);
    if (name.empty())
      return onnx::emitNodeError(use.getOwner())
             << "expected a weight of a known family, found " << use.getOwner()->getName() << " of initializer '"
             << weight.getInitializer() << "' in another place";
    builder.setInsertionPoint(weight);
    weight.replaceAllUsesWith(
        builder.create<lm::ParamOp>(weight.getLoc(), weight.getType(), name, Attribute()).getResult());
    if (seen.insert(name).second) {
      NamedAttrList entry;
      entry.append("name", builder.getStringAttr(name));
      entry.append("initializer", weight.getInitializerAttr());
      if (weight.getTransposed())
        entry.append("transposed", builder.getUnitAttr());
      if (weight.getRowsAttr())
        entry.append("rows", weight.getRowsAttr());
      if (weight.getBlocks())
        entry.append("blocks", weight.getBlocksAttr());
      weights.push_back(entry.getDictionary(model.getContext()));
    }
  }
  for (onnx::WeightOp weight : found)
    weight.erase();
  return success();
}

class NameParams : public impl::NameParamsBase<NameParams> {
public:
  void runOnOperation() override {
    SmallVector<Attribute> weights;
    for (auto model : getOperation().getOps<lm::ModelOp>())
      if (failed(Namer(model).run(weights)))
        return signalPassFailure();
    if (!weights.empty())
      getOperation()->setAttr(onnx::ONNXDialect::weightsAttrName, ArrayAttr::get(&getContext(), weights));
  }
};

} // namespace
} // namespace xlstm
