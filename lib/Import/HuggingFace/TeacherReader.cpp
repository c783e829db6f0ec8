//===- TeacherReader.cpp - the configuration that a module has ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/TeacherReader.h"

#include <map>

using namespace mlir;

namespace xlstm {
namespace {

class TeacherReader {
public:
  TeacherReader(lm::ModelOp model, const Family &family) : model(model), family(family) {
    model.walk([&](lm::ParamOp param) {
      shapes[param.getName().str()] = cast<RankedTensorType>(param.getType()).getShape().vec();
    });
  }
  std::optional<TeacherConfig> read();

private:
  bool has(TensorRole tensor) const { return shapes.contains(weightName(family, tensor)); }
  /// The size of one dimension of a tensor; 0 when there is no such tensor.
  int64_t size(Role role, size_t dimension) const {
    auto found = shapes.find(weightName(family, {role}));
    return found == shapes.end() || dimension >= found->second.size() ? 0 : found->second[dimension];
  }

  lm::ModelOp model;
  const Family &family;
  std::map<std::string, std::vector<int64_t>> shapes;
};

Rope readRotation(lm::RopeOp op) {
  Rope rope;
  if (FloatAttr theta = op.getRope().getTheta())
    rope.theta = theta.getValueAsDouble();
  if (DenseF32ArrayAttr frequencies = op.getRope().getFrequencies())
    rope.frequencies = frequencies.asArrayRef().vec();
  rope.attentionFactor = op.getRope().attentionFactor();
  return rope;
}

/// Window and rotation of a layer; nothing where it does not attend.
std::optional<LayerConfig> readLayer(lm::LayerOp layer) {
  std::optional<LayerConfig> config;
  layer.walk([&](lm::AttentionOp attention) {
    auto rope = attention.getQ().getDefiningOp<lm::RopeOp>();
    if (rope && !config)
      config = LayerConfig{attention.getWindow(), readRotation(rope)};
  });
  return config;
}

std::optional<TeacherConfig> TeacherReader::read() {
  TeacherConfig config;
  config.family = &family;
  config.vocabSize = size(Role::Embedding, 0);
  config.hiddenSize = size(Role::Embedding, 1);
  config.intermediateSize = size(Role::Gate, 0);
  model.walk([&](lm::AttentionOp attention) {
    config.numHeads = cast<RankedTensorType>(attention.getQ().getType()).getDimSize(2);
    config.headDim = cast<RankedTensorType>(attention.getQ().getType()).getDimSize(3);
    config.numKvHeads = cast<RankedTensorType>(attention.getK().getType()).getDimSize(2);
    return WalkResult::interrupt();
  });
  config.contextLength = model.getContextLength().value_or(family.contextLength);
  model.walk([&](lm::RmsNormOp norm) {
    config.normEps = norm.getEps().convertToDouble();
    return WalkResult::interrupt();
  });
  config.tiedHead = !has({Role::Head});
  config.biases = {
      .qkv = has({Role::Query, true}), .output = has({Role::Output, true}), .mlp = has({Role::Gate, true})};
  for (lm::LayerOp layer : model.getLayers()) {
    std::optional<LayerConfig> attention = readLayer(layer);
    if (!attention)
      return std::nullopt;
    config.layers.push_back(*attention);
  }
  bool isWhole = config.hiddenSize && config.intermediateSize && config.numHeads && config.normEps > 0;
  return isWhole ? std::optional(config) : std::nullopt;
}

} // namespace

std::optional<TeacherConfig> readTeacher(lm::ModelOp model, const Family &family) {
  return TeacherReader(model, family).read();
}

} // namespace xlstm
