//===- Ops.cpp - the nodes of a model's ops -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Onnx/Export/Ops.h"

#include "xlstm/Support/Error.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using ::onnx::TensorProto;

namespace xlstm {

void OnnxModelWriter::write(lm::ModelOp model) {
  Block &body = model.getBody().front();
  values[body.getArgument(0)] = graph.input("input_ids", TensorProto::INT64, {"batch", "tokens"});
  past = graph.input("past.tokens", TensorProto::INT64, {1});
  tokens = graph.sizeOf("input_ids", 1);
  OnnxValue count = graph.call("Squeeze", {tokens});
  index = graph.call("Add", {past, graph.call("Range", {graph.number(int64_t{0}), count, graph.number(int64_t{1})})});
  write(body);
  auto logits = cast<RankedTensorType>(body.getTerminator()->getOperand(0).getType());
  graph.output("logits", of(body.getTerminator()->getOperand(0)), TensorProto::FLOAT,
               {"batch", "tokens", logits.getDimSize(2)});
  graph.output("present.tokens", graph.call("Add", {past, tokens}), TensorProto::INT64, {1});
  for (const auto &[name, state] : kept)
    graph.output("present." + name, state.value, TensorProto::FLOAT, state.shape);
}

void OnnxModelWriter::write(Block &block) {
  for (Operation &op : block.without_terminator()) {
    if (auto inner = dyn_cast<lm::LayerOp>(op))
      write(inner);
    else if (auto param = dyn_cast<lm::ParamOp>(op))
      values[param] = weightOf(param);
    else
      values[op.getResult(0)] = nodes(op);
  }
}

void OnnxModelWriter::write(lm::LayerOp op) {
  layer = std::to_string(op.getIndex()) + ".";
  Block &inner = op.getBody().front();
  for (auto [argument, operand] : llvm::zip(inner.getArguments(), op->getOperands()))
    values[argument] = of(operand);
  write(inner);
  for (auto [result, value] : llvm::zip(op->getResults(), inner.getTerminator()->getOperands()))
    values[result] = of(value);
  layer.clear();
}

OnnxValue OnnxModelWriter::nodes(Operation &op) {
  auto at = [&](unsigned i) { return of(op.getOperand(i)); };
  return llvm::TypeSwitch<Operation *, OnnxValue>(&op)
      .Case([&](lm::PositionsOp) { return index; })
      .Case([&](lm::EmbedOp) {
        return graph.call("Gather", {at(1), at(0)});
      })
      .Case([&](lm::LinearOp linear) { return this->linear(of(linear.getX()), linear.getWeight(), linear.getBias()); })
      .Case([&](lm::RmsNormOp norm) { return rmsNorm(norm); })
      .Case([&](lm::SplitHeadsOp split) {
        return graph.call("Reshape", {at(0), graph.ints({0, 0, split.getType().getDimSize(2), -1})});
      })
      .Case([&](lm::MergeHeadsOp) {
        return graph.call("Reshape", {at(0), graph.ints({0, 0, -1})});
      })
      .Case([&](lm::TakeHeadsOp take) { return graph.gather(at(0), take.getHeads().vec(), 2); })
      .Case([&](lm::JoinHeadsOp join) { return joinHeads(join); })
      .Case([&](lm::RopeOp rope) { return this->rope(rope); })
      .Case([&](lm::SwigluOp) {
        return graph.call("Mul", {graph.call("Mul", {at(0), graph.call("Sigmoid", {at(0)})}), at(1)});
      })
      .Case([&](lm::AddOp) {
        return graph.call("Add", {at(0), at(1)});
      })
      .Case([&](lm::ScaleOp scale) {
        return graph.call("Mul", {at(0), graph.number(float(scale.getFactor().convertToDouble()))});
      })
      .Case([&](lm::AttentionOp attention) { return this->attention(attention); })
      .Case([&](xlstm::FeatureMapOp map) { return featureMap(map); })
      .Case([&](xlstm::OutputGateOp gate) { return outputGate(gate); })
      .Case([&](xlstm::MlstmOp mlstm) { return this->mlstm(mlstm); })
      .Case([&](xlstm::GatedDeltaOp delta) { return gatedDelta(delta); })
      .Case([&](xlstm::MixOp mix) { return this->mix(mix); })
      .Default([&](Operation *other) -> OnnxValue {
        fail(origin, ": cannot be exported to ONNX: there are no nodes for the op ",
             other->getName().getStringRef().str());
      });
}

OnnxValue OnnxModelWriter::weightOf(lm::ParamOp param) {
  const StoredTensor *tensor = weights.find(param.getName().str());
  if (!tensor)
    fail(origin, ": expected the tensor '", param.getName().str(), "' among the weights, found none of that name");
  return graph.weight(*tensor);
}

OnnxValue OnnxModelWriter::linear(const OnnxValue &x, Value weight, Value bias) {
  OnnxValue y = graph.call("MatMul", {x, graph.transpose(of(weight), {1, 0})});
  return bias ? graph.call("Add", {y, of(bias)}) : y;
}

OnnxValue OnnxModelWriter::rmsNorm(lm::RmsNormOp norm) {
  OnnxValue x = of(norm.getX()), mean = graph.call("ReduceMean", {graph.call("Mul", {x, x}), graph.ints({-1})});
  OnnxValue root =
      graph.call("Sqrt", {graph.call("Add", {mean, graph.number(float(norm.getEps().convertToDouble()))})});
  return graph.call("Mul", {graph.call("Div", {x, root}), of(norm.getWeight())});
}

/// Angles in float64: at position 100,000 those in float32 are off by 4e-3.
OnnxValue OnnxModelWriter::rope(lm::RopeOp op) {
  auto &[cosine, sine] = turns[op.getRope().getAsOpaquePointer()];
  if (cosine.empty()) {
    SmallVector<double> frequencies = op.getRope().computeFrequencies(op.getType().getDimSize(3));
    OnnxValue place = graph.unsqueeze(graph.cast(index, TensorProto::DOUBLE), 1);
    OnnxValue angles =
        graph.unsqueeze(graph.call("Mul", {place, graph.doubles({frequencies.begin(), frequencies.end()})}), 1);
    OnnxValue factor = graph.number(float(op.getRope().attentionFactor()));
    auto turn = [&](const char *function) {
      return graph.call("Mul", {graph.cast(graph.call(function, {angles}), TensorProto::FLOAT), factor});
    };
    cosine = turn("Cos"), sine = turn("Sin");
  }
  auto [low, high] = graph.callTwo("Split", {of(op.getX())}, {{"axis", int64_t{-1}}, {"num_outputs", int64_t{2}}});
  auto times = [&](const OnnxValue &a, const OnnxValue &b) { return graph.call("Mul", {a, b}); };
  return graph.concat({graph.call("Sub", {times(low, cosine), times(high, sine)}),
                       graph.call("Add", {times(high, cosine), times(low, sine)})},
                      -1);
}

OnnxValue OnnxModelWriter::joinHeads(lm::JoinHeadsOp join) {
  std::vector<OnnxValue> parts;
  for (Value part : join.getParts())
    parts.push_back(of(part));
  std::vector<int64_t> order(join.getHeads().size());
  for (auto [place, head] : llvm::enumerate(join.getHeads()))
    order[size_t(head)] = int64_t(place);
  return graph.gather(graph.concat(parts, 2), order, 2);
}

} // namespace xlstm
