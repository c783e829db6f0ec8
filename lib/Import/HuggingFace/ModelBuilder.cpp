//===- ModelBuilder.cpp - the lm module of a configuration ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/ModelBuilder.h"

#include "dialects/LM/LMDialect.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"

#include <cmath>

using namespace mlir;

namespace xlstm {
namespace {

class ModelBuilder {
public:
  ModelBuilder(MLIRContext &context, const TeacherConfig &config, const WeightFiles &weights)
      : config(config), weights(weights), builder(&context), loc(builder.getUnknownLoc()) {}

  OwningOpRef<ModuleOp> build();

private:
  Value layer(int64_t index, Value hidden);
  Value attention(Value x);
  Value mlp(Value x);

  RankedTensorType activation(ArrayRef<int64_t> channels) const {
    SmallVector<int64_t> shape{ShapedType::kDynamic, ShapedType::kDynamic};
    shape.append(channels.begin(), channels.end());
    return RankedTensorType::get(shape, Float32Type::get(builder.getContext()));
  }
  /// A tensor of the current layer; a null Value where the model has none.
  Value param(TensorRole tensor);
  Value linear(Value x, Role role, int64_t outputs);
  /// `x` itself where the model has no such norm.
  Value norm(Value x, Role role);
  Value splitHeads(Value x, int64_t heads);
  Value rotate(Value x);
  lm::RopeAttr ropeAttr(const Rope &rope);

  const TeacherConfig &config;
  const WeightFiles &weights;
  OpBuilder builder;
  Location loc;
  Value docs, positions;
  int64_t current = 0;
};

Type elementType(MLIRContext *context, DType type) {
  if (type == DType::BF16)
    return BFloat16Type::get(context);
  return type == DType::F16 ? Type(Float16Type::get(context)) : Type(Float32Type::get(context));
}

Value ModelBuilder::param(TensorRole tensor) {
  if (!hasTensor(config, tensor))
    return {};
  std::string name = weightName(*config.family, tensor, current);
  const TensorSpec &spec = weights.get(name).spec;
  auto type = RankedTensorType::get(spec.shape, elementType(builder.getContext(), spec.dtype));
  return builder.create<lm::ParamOp>(loc, type, name, Attribute());
}

Value ModelBuilder::linear(Value x, Role role, int64_t outputs) {
  Value weightParam = param({role}), biasParam = param({role, true});
  return builder.create<lm::LinearOp>(loc, activation({outputs}), x, weightParam, biasParam);
}

Value ModelBuilder::norm(Value x, Role role) {
  Value weight = param({role});
  if (!weight)
    return x;
  return builder.create<lm::RmsNormOp>(loc, x.getType(), x, weight, builder.getF64FloatAttr(config.normEps));
}

Value ModelBuilder::splitHeads(Value x, int64_t heads) {
  return builder.create<lm::SplitHeadsOp>(loc, activation({heads, config.headDim}), x);
}

lm::RopeAttr ModelBuilder::ropeAttr(const Rope &rope) {
  FloatAttr theta = rope.frequencies.empty() ? builder.getF64FloatAttr(rope.theta) : FloatAttr();
  DenseF32ArrayAttr frequencies = rope.frequencies.empty() ? nullptr : builder.getDenseF32ArrayAttr(rope.frequencies);
  FloatAttr factor = rope.attentionFactor == 1 ? FloatAttr() : builder.getF64FloatAttr(rope.attentionFactor);
  return lm::RopeAttr::get(builder.getContext(), theta, frequencies, factor);
}

Value ModelBuilder::rotate(Value x) {
  return builder.create<lm::RopeOp>(loc, x.getType(), x, positions, ropeAttr(config.layers[current].rope));
}

Value ModelBuilder::attention(Value x) {
  int64_t heads = config.numHeads, kvHeads = config.numKvHeads, headDim = config.headDim;
  Value q = linear(x, Role::Query, heads * headDim);
  Value k = linear(x, Role::Key, kvHeads * headDim);
  Value v = linear(x, Role::Value, kvHeads * headDim);
  q = norm(q, Role::QueryNorm);
  k = norm(k, Role::KeyNorm);
  q = splitHeads(q, heads);
  k = splitHeads(k, kvHeads);
  v = splitHeads(v, kvHeads);
  q = norm(q, Role::QueryHeadNorm);
  k = norm(k, Role::KeyHeadNorm);
  q = rotate(q);
  k = rotate(k);
  std::optional<int64_t> window = config.layers[current].window;
  auto scale = builder.getF64FloatAttr(1 / std::sqrt(static_cast<double>(headDim)));
  auto h = builder.create<lm::AttentionOp>(loc, q.getType(), TypeRange{}, q, k, v, docs, Value(), ValueRange{}, scale,
                                           window ? builder.getI64IntegerAttr(*window) : IntegerAttr(), IntegerAttr(),
                                           /*cache=*/UnitAttr());
  Value merged = builder.create<lm::MergeHeadsOp>(loc, activation({heads * headDim}), h.getH());
  return linear(merged, Role::Output, config.hiddenSize);
}

Value ModelBuilder::mlp(Value x) {
  Value gate = linear(x, Role::Gate, config.intermediateSize);
  Value up = linear(x, Role::Up, config.intermediateSize);
  Value inner = builder.create<lm::SwigluOp>(loc, gate.getType(), gate, up);
  return linear(inner, Role::Down, config.hiddenSize);
}

Value ModelBuilder::layer(int64_t index, Value hidden) {
  current = index;
  OpBuilder::InsertionGuard guard(builder);
  auto op = builder.create<lm::LayerOp>(loc, TypeRange{hidden.getType()}, index, ValueRange{hidden});
  Block *body = builder.createBlock(&op.getBody(), {}, {hidden.getType()}, {loc});
  Value x = body->getArgument(0);
  Value mixed = norm(attention(norm(x, Role::AttentionInputNorm)), Role::AttentionOutputNorm);
  x = builder.create<lm::AddOp>(loc, x.getType(), x, mixed);
  Value transformed = norm(mlp(norm(x, Role::MlpInputNorm)), Role::MlpOutputNorm);
  x = builder.create<lm::AddOp>(loc, x.getType(), x, transformed);
  builder.create<lm::YieldOp>(loc, x);
  return op.getResult(0);
}

OwningOpRef<ModuleOp> ModelBuilder::build() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto tokens = [&](Type element) {
    return RankedTensorType::get({ShapedType::kDynamic, ShapedType::kDynamic}, element);
  };
  SmallVector<Type> inputs{tokens(builder.getI64Type()), tokens(builder.getI32Type())};
  auto type = builder.getFunctionType(inputs, {activation({config.vocabSize})});
  auto model = builder.create<lm::ModelOp>(loc, "model", type);
  model.setContextLength(config.contextLength);
  model.setFamily(config.family->modelType);
  Block *body = builder.createBlock(&model.getBody(), {}, inputs, {loc, loc});
  Value ids = body->getArgument(0);
  docs = body->getArgument(1);
  positions = builder.create<lm::PositionsOp>(loc, docs.getType(), ids, docs, Value());
  Value table = param({Role::Embedding});
  Value hidden = builder.create<lm::EmbedOp>(loc, activation({config.hiddenSize}), ids, table);
  for (size_t i = 0; i < config.layers.size(); ++i)
    hidden = layer(static_cast<int64_t>(i), hidden);
  hidden = norm(hidden, Role::FinalNorm);
  Value head = config.tiedHead ? param({Role::Embedding}) : param({Role::Head});
  Value logits = builder.create<lm::LinearOp>(loc, activation({config.vocabSize}), hidden, head, Value());
  builder.create<lm::ReturnOp>(loc, logits);
  return module;
}

} // namespace

OwningOpRef<ModuleOp> buildTeacherModule(MLIRContext &context, const TeacherConfig &config,
                                         const WeightFiles &weights) {
  return ModelBuilder(context, config, weights).build();
}

std::string printTeacherModule(const TeacherConfig &config, const WeightFiles &weights) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<lm::LMDialect>();
  OwningOpRef<ModuleOp> module = buildTeacherModule(context, config, weights);
  if (failed(verify(*module)))
    fail(weights.folder().string(), ": the module made of config.json does not verify (see above)");
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';
  return text;
}

} // namespace xlstm
