//===- NameParams.cpp - weights by their Hugging Face names ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Graph.h"
#include "lib/Transforms/Raise/Roles.h"
#include "xlstm/Model/Families.h"
#include "xlstm/Transforms/RaisePasses.h"

#include <set>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_NAMEPARAMS
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

class Namer {
public:
  explicit Namer(lm::ModelOp model) : model(model), builder(model.getContext()) {}
  LogicalResult run(SmallVectorImpl<Attribute> &weights);

private:
  std::optional<TensorRole> tensorOf(OpOperand &use);
  std::string nameOf(OpOperand &use);
  bool isEmbedding(onnx::WeightOp weight);
  const Family &chooseFamily(ArrayRef<onnx::WeightOp> weights);

  lm::ModelOp model;
  OpBuilder builder;
  const Family *family = nullptr;
  onnx::WeightOp embedding;
};

/// Null in a layer that has no sum.
lm::AddOp attentionSumOf(lm::LayerOp layer) {
  auto sums = layer.getBody().getOps<lm::AddOp>();
  return sums.empty() ? lm::AddOp() : *sums.begin();
}

/// What the weight of a use is for; nothing where no family has such a weight.
std::optional<TensorRole> Namer::tensorOf(OpOperand &use) {
  Operation *op = use.getOwner();
  if (auto layer = op->getParentOfType<lm::LayerOp>()) {
    std::optional<Role> role = raise::roleOf(op, attentionSumOf(layer));
    if (!role)
      return std::nullopt;
    return TensorRole{*role, isa<lm::LinearOp>(op) && use.getOperandNumber() == 2};
  }
  if (isa<lm::EmbedOp>(op))
    return TensorRole{Role::Embedding};
  if (isa<lm::RmsNormOp>(op))
    return TensorRole{Role::FinalNorm};
  if (use.getOperandNumber() != 1)
    return std::nullopt;
  return TensorRole{isEmbedding(use.get().getDefiningOp<onnx::WeightOp>()) ? Role::Embedding : Role::Head};
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

std::string Namer::nameOf(OpOperand &use) {
  std::optional<TensorRole> tensor = tensorOf(use);
  auto layer = use.getOwner()->getParentOfType<lm::LayerOp>();
  return tensor ? likelyName(*family, *tensor, layer ? layer.getIndex() : 0) : "";
}

/// The family that has such layers.
const Family &Namer::chooseFamily(ArrayRef<onnx::WeightOp> weights) {
  ModelTraits traits;
  for (onnx::WeightOp weight : weights) {
    if (weight->use_empty())
      continue;
    if (std::optional<TensorRole> tensor = tensorOf(*weight.getResult().getUses().begin()))
      traits.tensors.insert(*tensor);
  }
  model.walk([&](lm::AttentionOp attention) { traits.hasWindow |= attention.getWindow().has_value(); });
  std::vector<const Family *> all;
  for (const Family &candidate : families())
    all.push_back(&candidate);
  return closestFamily(traits, all);
}

LogicalResult Namer::run(SmallVectorImpl<Attribute> &weights) {
  for (auto embed : model.getBody().getOps<lm::EmbedOp>())
    embedding = embed.getTable().getDefiningOp<onnx::WeightOp>();
  SmallVector<onnx::WeightOp> found;
  model.walk([&](onnx::WeightOp weight) { found.push_back(weight); });
  family = &chooseFamily(found);
  model.setFamily(family->modelType);
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
