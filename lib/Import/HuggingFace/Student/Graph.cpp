//===- Graph.cpp - a student's ops as JSON --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Student/Graph.h"

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Support/Error.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {
namespace {

Json shapeOf(Value value) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  return Json(std::vector<int64_t>(shape.begin(), shape.end()));
}

Json ropeOf(lm::RopeAttr rope) {
  Json json = Json::object();
  if (DenseF32ArrayAttr frequencies = rope.getFrequencies())
    json["frequencies"] = std::vector<double>(frequencies.asArrayRef().begin(), frequencies.asArrayRef().end());
  else
    json["theta"] = rope.getTheta().getValueAsDouble();
  if (rope.attentionFactor() != 1)
    json["factor"] = rope.attentionFactor();
  return json;
}

/// Ops of one scope: the model's, or a layer's.
class Scope {
public:
  Scope(const std::string &origin, std::string prefix) : origin(origin), prefix(std::move(prefix)) {}

  void name(Value value, const std::string &text) { names[value] = text; }
  void add(Operation &op);

  Json ops = Json::array(), parameters = Json::object();
  DenseMap<Value, std::string> names; // values of an outer scope as well

private:
  Json nameOf(Value value) const { return value ? Json(names.lookup(value)) : Json(); }
  void addParameter(lm::ParamOp param);
  /// The operands in the order of the function's arguments, those that are absent as null.
  Json operandsOf(Operation &op) const;
  Json attributesOf(Operation &op) const;

  const std::string &origin, prefix;
};

void Scope::addParameter(lm::ParamOp param) {
  StringRef name = param.getName();
  if (!name.consume_front(prefix) || !name.contains('.'))
    fail(origin, ": expected parameters of this layer to begin with ", prefix, " and to have a name behind it, found ",
         param.getName().str());
  names[param] = name.str();
  parameters[name.str()] = shapeOf(param);
}

Json Scope::operandsOf(Operation &op) const {
  SmallVector<Value> values(op.getOperands());
  if (auto linear = dyn_cast<lm::LinearOp>(op))
    values = {linear.getX(), linear.getWeight(), linear.getBias()};
  else if (auto mlstm = dyn_cast<xlstm::MlstmOp>(op))
    values = {mlstm.getQ(), mlstm.getK(), mlstm.getV(), mlstm.getIGate(), mlstm.getFGate(), mlstm.getDocStart()};
  Json names = Json::array();
  for (Value value : values)
    names.push_back(nameOf(value));
  return names;
}

Json Scope::attributesOf(Operation &op) const {
  return llvm::TypeSwitch<Operation *, Json>(&op)
      .Case([](lm::RmsNormOp norm) {
        return Json{{"eps", norm.getEps().convertToDouble()}};
      })
      .Case([](lm::ScaleOp scale) {
        return Json{{"factor", scale.getFactor().convertToDouble()}};
      })
      .Case([](lm::SplitHeadsOp split) {
        return Json{{"heads", split.getType().getDimSize(2)}};
      })
      .Case([](lm::RopeOp rope) { return ropeOf(rope.getRope()); })
      .Case<lm::TakeHeadsOp, lm::JoinHeadsOp>([](auto heads) {
        return Json{{"heads", std::vector<int64_t>(heads.getHeads().begin(), heads.getHeads().end())}};
      })
      .Case([](lm::AttentionOp attention) {
        Json json{{"scale", attention.getScale().convertToDouble()}};
        if (attention.getWindow())
          json.update({{"window", *attention.getWindow()}, {"sinks", attention.getSinks().value_or(0)}});
        return json;
      })
      .Case([](xlstm::FeatureMapOp map) {
        return Json{{"kind", xlstm::stringifyFeatureKind(map.getKind()).str()}};
      })
      .Case<xlstm::MlstmOp, xlstm::GatedDeltaOp>([](auto memory) {
        return Json{{"chunk", memory.getChunk()}};
      })
      .Case<lm::PositionsOp, lm::EmbedOp, lm::LinearOp, lm::MergeHeadsOp, lm::SwigluOp, lm::AddOp, xlstm::OutputGateOp,
            xlstm::MixOp>([](auto) { return Json::object(); })
      .Default([&](Operation *other) -> Json {
        fail(origin, ": cannot be exported: transformers' side has no function for the op ",
             other->getName().getStringRef().str());
      });
}

void Scope::add(Operation &op) {
  if (auto param = dyn_cast<lm::ParamOp>(op))
    return addParameter(param);
  Json attributes = attributesOf(op), operands = operandsOf(op);
  std::string result = (prefix.empty() ? "m" : "v") + std::to_string(ops.size());
  name(op.getResult(0), result);
  ops.push_back({result, op.getName().stripDialect().str(), operands, attributes});
}

} // namespace

Json graphOf(lm::ModelOp model, const std::string &origin) {
  Scope whole(origin, "");
  Block &body = model.getBody().front();
  whole.name(body.getArgument(0), "ids");
  whole.name(body.getArgument(1), "docs");
  Json graph{{"layers", Json::array()}, {"layer_kinds", Json::array()}};
  Value hidden;
  for (Operation &op : body.without_terminator()) {
    auto layer = dyn_cast<lm::LayerOp>(op);
    if (!layer) {
      whole.add(op);
      continue;
    }
    Block &inner = layer.getBody().front();
    if (layer->getNumOperands() != 1 || layer->getNumResults() != 1 || (hidden && layer->getOperand(0) != hidden))
      fail(origin, ": cannot be exported: expected layers that each take what the one before gives");
    if (!hidden) {
      graph["enters"] = whole.names.lookup(layer->getOperand(0));
      graph["before"] = std::exchange(whole.ops, Json::array());
    }
    Scope own(origin, "model.layers." + std::to_string(layer.getIndex()) + ".");
    own.names = whole.names;
    own.name(inner.getArgument(0), "x");
    for (Operation &part : inner.without_terminator())
      own.add(part);
    Json kind{{"ops", own.ops}, {"parameters", own.parameters}};
    auto &kinds = graph["layers"];
    size_t n = static_cast<size_t>(std::find(kinds.begin(), kinds.end(), kind) - kinds.begin());
    if (n == kinds.size())
      kinds.push_back(kind);
    graph["layer_kinds"].push_back(n);
    hidden = layer->getResult(0);
    whole.name(hidden, "x");
  }
  if (!hidden)
    fail(origin, ": cannot be exported: expected layers, found none");
  graph["after"] = whole.ops;
  graph["parameters"] = whole.parameters;
  return graph;
}

} // namespace xlstm
