//===- Mixers.cpp - the nodes of attention and of what replaces it --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Standard operators, but for the gated delta rule. A call's tokens are one chunk, so what mLSTM and attention compute
// grows with the square of their number: a long text is read in pieces.

#include "lib/Import/Onnx/Export/Ops.h"

#include <limits>

using namespace mlir;
using ::onnx::TensorProto;

namespace xlstm {

constexpr float nothing = -std::numeric_limits<float>::infinity(); // the logarithm of a weight of 0

OnnxValue OnnxModelWriter::repeated(const OnnxValue &x, int64_t from, int64_t heads) {
  std::vector<int64_t> order;
  for (int64_t head = 0; head < heads; ++head)
    order.push_back(head * from / heads);
  return from == heads ? x : graph.gather(x, order, 2);
}

OnnxValue OnnxModelWriter::byHead(const OnnxValue &x, int64_t from, int64_t heads) {
  return graph.transpose(repeated(x, from, heads), {0, 2, 1, 3});
}

static int64_t headsOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(2); }
static int64_t widthOf(Value value) { return cast<RankedTensorType>(value.getType()).getDimSize(3); }

std::pair<std::string, OnnxValue> OnnxModelWriter::state(const char *what, const OnnxGraphWriter::Shape &shape) {
  std::string name = layer + what;
  for (int again = 2; llvm::any_of(kept, [&](const auto &entry) { return entry.first == name; }); ++again)
    name = layer + what + std::to_string(again);
  kept.emplace_back(name, State{"", shape});
  return {name, graph.input("past." + name, TensorProto::FLOAT, shape)};
}

void OnnxModelWriter::keep(const std::pair<std::string, OnnxValue> &state, const OnnxValue &value) {
  llvm::find_if(kept, [&](const auto &entry) { return entry.first == state.first; })->second.value = value;
}

/// Whether a query sees a key, [T, keys]. `held`: how many keys were there before the call: all, or the sinks and
/// the latest.
OnnxValue OnnxModelWriter::seen(lm::AttentionOp op, const OnnxValue &keys, const OnnxValue &held) {
  std::string kind =
      op.getWindow() ? std::to_string(*op.getWindow()) + "," + std::to_string(op.getSinks().value_or(0)) : "all";
  OnnxValue &mask = masks[kind];
  if (!mask.empty())
    return mask;
  OnnxValue count = graph.call("Squeeze", {graph.sizeOf(keys, 1)});
  OnnxValue key = graph.call("Range", {graph.number(int64_t{0}), count, graph.number(int64_t{1})});
  OnnxValue query = graph.unsqueeze(index, 1);
  if (!op.getWindow())
    return mask = graph.call("LessOrEqual", {key, query});
  OnnxValue sinks = graph.number(int64_t(op.getSinks().value_or(0))), isEarly = graph.call("Less", {key, sinks});
  OnnxValue place = graph.call("Where", {isEarly, key, graph.call("Add", {key, graph.call("Sub", {past, held})})});
  OnnxValue isNear = graph.call("Less", {graph.call("Sub", {query, place}), graph.number(int64_t(*op.getWindow()))});
  return mask = graph.call("And", {graph.call("LessOrEqual", {place, query}), graph.call("Or", {isNear, isEarly})});
}

OnnxValue OnnxModelWriter::attention(lm::AttentionOp op) {
  int64_t heads = headsOf(op.getQ()), from = headsOf(op.getK());
  std::string length = op.getWindow() ? "window" + std::to_string(*op.getWindow()) : "past";
  auto keys = state("keys", {"batch", length, from, widthOf(op.getK())});
  auto before = state("values", {"batch", length, from, widthOf(op.getV())});
  OnnxValue k = graph.concat({keys.second, of(op.getK())}, 1), v = graph.concat({before.second, of(op.getV())}, 1);
  OnnxValue mask = seen(op, k, graph.sizeOf(keys.second, 1));
  auto last = [&](const OnnxValue &x) {
    if (!op.getWindow())
      return x;
    OnnxValue sinks = graph.ints({int64_t(op.getSinks().value_or(0))}), count = graph.sizeOf(x, 1);
    OnnxValue from = graph.call("Max", {sinks, graph.call("Sub", {count, graph.ints({int64_t(*op.getWindow())})})});
    return graph.concat({graph.slice(x, graph.ints({0}), sinks, 1), graph.slice(x, from, count, 1)}, 1);
  };
  keep(keys, last(k));
  keep(before, last(v));
  OnnxValue keysAcross = graph.transpose(repeated(k, from, heads), {0, 2, 3, 1});
  OnnxValue q =
      graph.call("Mul", {byHead(of(op.getQ()), heads, heads), graph.number(float(op.getScale().convertToDouble()))});
  OnnxValue scores = graph.call("Where", {mask, graph.call("MatMul", {q, keysAcross}), graph.number(nothing)});
  OnnxValue weights = graph.call("Softmax", {scores}, {{"axis", -1}});
  return graph.transpose(graph.call("MatMul", {weights, byHead(v, from, heads)}), {0, 2, 1, 3});
}

OnnxValue OnnxModelWriter::featureMap(xlstm::FeatureMapOp map) {
  int64_t heads = cast<RankedTensorType>(map.getWeight().getType()).getDimSize(0);
  OnnxValue y = graph.call(
      "MatMul", {byHead(of(map.getX()), headsOf(map.getX()), heads), graph.transpose(of(map.getWeight()), {0, 2, 1})});
  if (map.getKind() == xlstm::FeatureKind::Softmax)
    y = graph.call("Softmax", {y}, {{"axis", -1}});
  else
    y = graph.call("Add", {graph.call("Elu", {y}), graph.number(1.0f)});
  return graph.transpose(y, {0, 2, 1, 3});
}

OnnxValue OnnxModelWriter::outputGate(xlstm::OutputGateOp gate) {
  int64_t heads = headsOf(gate.getQ()), from = headsOf(gate.getK());
  OnnxValue x = graph.concat(
      {of(gate.getQ()), repeated(of(gate.getK()), from, heads), repeated(of(gate.getV()), from, heads)}, -1);
  OnnxValue sum =
      graph.call("ReduceSum", {graph.call("Mul", {x, of(gate.getWeight())}), graph.ints({-1})}, {{"keepdims", 0}});
  return graph.call("Add", {sum, of(gate.getBias())});
}

/// The memory of one chunk (docs/Method.md): weights are exponentials relative to a running maximum, so that nothing
/// overflows.
OnnxValue OnnxModelWriter::mlstm(xlstm::MlstmOp op) {
  auto call = [&](const char *name, std::vector<OnnxValue> inputs) { return graph.call(name, std::move(inputs)); };
  int64_t heads = headsOf(op.getQ()), from = headsOf(op.getV());
  auto memory = state("memory", {"batch", heads, widthOf(op.getQ()), widthOf(op.getV()) + 1});
  auto top = state("top", {"batch", heads});
  OnnxValue q = byHead(of(op.getQ()), heads, heads), k = byHead(of(op.getK()), headsOf(op.getK()), heads),
            v = byHead(of(op.getV()), from, heads);
  OnnxValue shape = graph.slice(call("Shape", {q}), graph.ints({0}), graph.ints({3}), 0);
  OnnxValue zeros = call("ConstantOfShape", {shape}),
            ones = graph.unsqueeze(call("Add", {zeros, graph.number(1.0f)}), -1);
  v = graph.concat({v, ones}, -1); // the last channel sums to the normalizer
  OnnxValue logI = op.getIGate() ? graph.transpose(of(op.getIGate()), {0, 2, 1}) : zeros;
  OnnxValue total = zeros;
  if (op.getFGate()) {
    OnnxValue f = graph.transpose(of(op.getFGate()), {0, 2, 1});
    total = call("CumSum", {graph.logSigmoid(f), graph.number(int64_t{2})});
  }
  // Before the first token the memory has no weight, whatever `top` is given as.
  OnnxValue isFirst = call("Equal", {past, graph.ints({0})}), none = graph.number(nothing);
  OnnxValue before = graph.unsqueeze(call("Where", {isFirst, none, top.second}), -1);
  OnnxValue key = graph.unsqueeze(call("Sub", {logI, total}), 2), query = graph.unsqueeze(total, 3);
  OnnxValue &mask = masks["chunk"];
  if (mask.empty())
    mask = call("LessOrEqual", {graph.unsqueeze(index, 0), graph.unsqueeze(index, 1)});
  OnnxValue own = call("Where", {mask, call("Add", {query, key}), none}), old = call("Add", {total, before});
  OnnxValue most = graph.call("ReduceMax", {own, graph.ints({-1})}, {{"keepdims", 0}});
  OnnxValue best = call("Max", {most, old});
  OnnxValue weights = call("Exp", {call("Sub", {own, graph.unsqueeze(best, -1)})});
  OnnxValue reach = graph.unsqueeze(call("Exp", {call("Sub", {old, best})}), -1);
  OnnxValue scores = call("Mul", {call("MatMul", {q, graph.transpose(k, {0, 1, 3, 2})}), weights});
  OnnxValue both = call("Add", {call("MatMul", {scores, v}), call("Mul", {call("MatMul", {q, memory.second}), reach})});

  OnnxValue end = graph.ints({std::numeric_limits<int64_t>::max()}), last = graph.ints({-1});
  auto lastToken = [&](const OnnxValue &x) { return graph.slice(x, last, end, 2); };
  OnnxValue written = call("Mul", {k, graph.transpose(lastToken(weights), {0, 1, 3, 2})});
  keep(memory, call("Add", {call("Mul", {memory.second, lastToken(reach)}),
                            call("MatMul", {graph.transpose(written, {0, 1, 3, 2}), v})}));
  keep(top, call("Squeeze", {lastToken(best), graph.ints({2})}));
  OnnxValue sum = call("Max", {graph.slice(both, last, end, 3), graph.number(1e-30f)});
  return graph.transpose(call("Div", {graph.slice(both, graph.ints({0}), last, 3), sum}), {0, 2, 1, 3});
}

/// onnxruntime's LinearAttention, whose rule is gated_delta unless said otherwise: of queries and keys of length 1.
OnnxValue OnnxModelWriter::gatedDelta(xlstm::GatedDeltaOp op) {
  auto call = [&](const char *name, std::vector<OnnxValue> inputs) { return graph.call(name, std::move(inputs)); };
  int64_t heads = headsOf(op.getQ());
  auto memory = state("memory", {"batch", heads, widthOf(op.getQ()), widthOf(op.getV())});
  OnnxValue packed = graph.ints({0, 0, -1});
  auto normal = [&](const OnnxValue &x) {
    OnnxValue sum = call("ReduceSum", {call("Mul", {x, x}), graph.ints({-1})});
    return call("Div", {x, call("Sqrt", {call("Add", {sum, graph.number(1e-6f)})})});
  };
  OnnxValue q = call("Reshape", {normal(of(op.getQ())), packed});
  OnnxValue k = call("Reshape", {repeated(normal(of(op.getK())), headsOf(op.getK()), heads), packed});
  OnnxValue v = call("Reshape", {repeated(of(op.getV()), headsOf(op.getV()), heads), packed});
  OnnxValue decay = graph.logSigmoid(of(op.getDecay()));
  auto [h, after] =
      graph.callTwo("LinearAttention", {q, k, v, memory.second, decay, call("Sigmoid", {of(op.getWrite())})},
                    {{"q_num_heads", heads}, {"kv_num_heads", heads}, {"scale", 1.0f}});
  graph.makeContributed();
  keep(memory, after);
  return call("Reshape", {h, graph.ints({0, 0, heads, -1})});
}

OnnxValue OnnxModelWriter::mix(xlstm::MixOp op) {
  OnnxValue gate = graph.unsqueeze(graph.call("Sigmoid", {of(op.getOperand(0))}), -1);
  OnnxValue memory = of(op.getOperand(1)), window = of(op.getOperand(2));
  return graph.call("Add", {window, graph.call("Mul", {gate, graph.call("Sub", {memory, window})})});
}

} // namespace xlstm
