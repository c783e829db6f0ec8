//===- XLSTMMixerOps.cpp - verifiers of feature map, gates, mlstm, mix ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ShapeChecks.h"
#include "dialects/XLSTM/XLSTMDialect.h"

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/XLSTM/XLSTMOps.cpp.inc"

namespace xlstm::xlstm {

using lm::ShapeChecks;

LogicalResult FeatureMapOp::verify() {
  return ShapeChecks(*this)
      .shape("x", getX().getType(), "B T Hx d") // C1
      .shape("weight", getWeight().getType(), "H m d")
      .shape("result", getResult().getType(), "B T H m")
      .multiple("H", "Hx") // C2
      .result();
}

LogicalResult OutputGateOp::verify() {
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H d") // C1
      .shape("k", getK().getType(), "B T Hkv d")
      .shape("v", getV().getType(), "B T Hkv d")
      .shape("weight", getWeight().getType(), "H 3d")
      .shape("bias", getBias().getType(), "H")
      .shape("result", getResult().getType(), "B T H")
      .multiple("H", "Hkv"); // C2
  if (int64_t dim = checks.size("d"); !ShapedType::isDynamic(dim))
    checks.equals("3d", 3 * dim, "three times d"); // C3
  return checks.result();
}

/// The state of an mlstm: S, z, m.
static LogicalResult checkState(MlstmOp op, ShapeChecks &checks) {
  OperandRange state = op.getState();
  if (TypeRange(state.getTypes()) != TypeRange(op.getNewState().getTypes()))
    return op.emitOpError() << "expects a new state for every state, of the same type";
  if (op.getDocStart()) {
    if (!state.empty())
      return op.emitOpError() << "expects either docs or state";
    return success();
  }
  if (state.size() != 3)
    return op.emitOpError() << "expects either docs or the 3 states S, z, m, found " << state.size() << " states";
  return checks.shape("S", state[0].getType(), "B H m dv")
      .shape("z", state[1].getType(), "B H m")
      .shape("m", state[2].getType(), "B H")
      .result();
}

LogicalResult MlstmOp::verify() {
  if (static_cast<int64_t>(getChunk()) < 1) // C1
    return emitOpError() << "expects a chunk of at least 1, found " << static_cast<int64_t>(getChunk());
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H m") // C2
      .shape("k", getK().getType(), "B T H m")
      .shape("v", getV().getType(), "B T Hkv dv")
      .shape("h", getH().getType(), "B T H dv")
      .multiple("H", "Hkv");      // C3
  if (!getIGate() != !getFGate()) // C4
    return emitOpError() << "expects both gates or none";
  if (getIGate())
    checks.shape("i gate", getIGate().getType(), "B T H").shape("f gate", getFGate().getType(), "B T H"); // C4
  if (getDocStart())
    checks.shape("docs", getDocStart().getType(), "B T");
  if (failed(checks.result()))
    return failure();
  return checkState(*this, checks); // C5
}

LogicalResult MixOp::verify() {
  return ShapeChecks(*this)
      .shape("gate", getGate().getType(), "B T H") // C1
      .shape("memory", getMemory().getType(), "B T H d")
      .result();
}

/// The state of a hybrid: that of its mlstm, then that of its attention.
static LogicalResult checkState(HybridOp op, ShapeChecks &checks) {
  OperandRange state = op.getState();
  if (!op.getDocStart() == !op.getPos())
    return op.emitOpError() << "expects either docs or at";
  if (TypeRange(state.getTypes()) != TypeRange(op.getNewState().getTypes()))
    return op.emitOpError() << "expects a new state for every state, of the same type";
  if (op.getDocStart()) {
    if (!state.empty())
      return op.emitOpError() << "expects state only with at";
    return checks.shape("docs", op.getDocStart().getType(), "B T").result();
  }
  int64_t sinks = static_cast<int64_t>(op.getSinks());
  size_t expected = sinks ? 7 : 5;
  if (state.size() != expected)
    return op.emitOpError() << "expects " << expected << " state operands with at, found " << state.size();
  checks.shape("at", op.getPos().getType(), "B")
      .shape("S", state[0].getType(), "B H d d")
      .shape("z", state[1].getType(), "B H d")
      .shape("m", state[2].getType(), "B H")
      .shape("ring_k", state[3].getType(), "B W Hkv d")
      .shape("ring_v", state[4].getType(), "B W Hkv d")
      .equals("W", static_cast<int64_t>(op.getWindow()), "the window");
  if (sinks)
    checks.shape("sink_k", state[5].getType(), "B S Hkv d")
        .shape("sink_v", state[6].getType(), "B S Hkv d")
        .equals("S", sinks, "the sinks");
  return checks.result();
}

/// A rotary embedding inside the op: of one token that continues a document.
static LogicalResult checkRope(HybridOp op, const ShapeChecks &checks) {
  if (!op.getRope())
    return success();
  if (!op.getPos() || checks.size("T") != 1)
    return op.emitOpError() << "expects rope only with at and one token";
  return lm::verifyRope(op, *op.getRope(), op.getQ().getType());
}

LogicalResult HybridOp::verify() {
  if (static_cast<int64_t>(getWindow()) < 1 || static_cast<int64_t>(getSinks()) < 0 ||
      static_cast<int64_t>(getChunk()) < 1) // C1
    return emitOpError() << "expects a window and a chunk of at least 1 and no negative sinks, found "
                         << static_cast<int64_t>(getWindow()) << ", " << static_cast<int64_t>(getChunk()) << " and "
                         << static_cast<int64_t>(getSinks());
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H d") // C2
      .shape("k", getK().getType(), "B T Hkv d")
      .shape("v", getV().getType(), "B T Hkv d")
      .shape("q_map", getQMap().getType(), "H d d")
      .shape("k_map", getKMap().getType(), "H d d")
      .shape("o gate", getOGate().getType(), "B T H")
      .shape("i gate", getIGate().getType(), "B T H")
      .shape("f gate", getFGate().getType(), "B T H")
      .shape("h", getH().getType(), "B T H d")
      .shape("window_out", getWindowOut().getType(), "B T H d")
      .multiple("H", "Hkv"); // C3
  if (failed(checks.result()) || failed(checkState(*this, checks))) // C4
    return failure();
  return checkRope(*this, checks); // C5
}

} // namespace xlstm::xlstm
