//===- XLSTMMixerOps.cpp - verifiers of feature map, gates, mlstm, mix ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/ShapeChecks.h"
#include "dialects/XLSTM/XLSTMDialect.h"

#include <limits>

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
      .multiple("H", "Hx")            // C2
      .element("x", getX().getType()) // C3
      .element("result", getResult().getType())
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
      .multiple("H", "Hkv")           // C2
      .element("q", getQ().getType()) // C4
      .element("k", getK().getType())
      .element("v", getV().getType());
  int64_t dim = checks.size("d");
  if (failed(checks.result()) || ShapedType::isDynamic(dim))
    return checks.result();
  std::optional<int64_t> channels = lm::checkedProduct({3, dim});
  if (!channels) // C3
    return emitOpError() << "expects 3 * d to fit 63 bits, found " << getQ().getType();
  return checks.equals("3d", *channels, "three times d").result(); // C3
}

/// The states of the matrix memory, of `features` mapped queries and keys a head.
static void describeMemory(SmallVectorImpl<lm::StateSpec> &states, RankedTensorType q, int64_t features,
                           RankedTensorType v) {
  int64_t rows = q.getDimSize(0), heads = q.getDimSize(2);
  Type f32 = Float32Type::get(q.getContext());
  states.append({{"S", RankedTensorType::get({rows, heads, features, v.getDimSize(3)}, f32), 0},
                 {"z", RankedTensorType::get({rows, heads, features}, f32), 0},
                 {"m", RankedTensorType::get({rows, heads}, f32), -std::numeric_limits<float>::infinity()}});
}

/// The form in which a memory reads a call's tokens.
template <typename MemoryOp>
static void chooseForm(MemoryOp op, const lm::StepOptions &options) {
  op.setForm(options.oneToken ? Form::Recurrent : Form::Chunkwise);
  if (options.chunk)
    op.setChunk(options.chunk);
}

//===----------------------------------------------------------------------===//
// MlstmOp
//===----------------------------------------------------------------------===//

SmallVector<lm::StateSpec> MlstmOp::describeStates() {
  SmallVector<lm::StateSpec> states;
  describeMemory(states, getQ().getType(), getQ().getType().getDimSize(3), getV().getType());
  return states;
}

LogicalResult MlstmOp::continueDocuments(Value, const lm::StepOptions &options) {
  getDocStartMutable().clear();
  chooseForm(*this, options);
  return success();
}

LogicalResult MlstmOp::verify() {
  if (getChunk() < 1 || getChunk() > lm::maxTokens) // C1
    return emitOpError() << "expects a chunk of 1 to " << lm::maxTokens << ", found "
                         << static_cast<int64_t>(getChunk());
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H m") // C2
      .shape("k", getK().getType(), "B T H m")
      .shape("v", getV().getType(), "B T Hkv dv")
      .shape("h", getH().getType(), "B T H dv")
      .multiple("H", "Hkv")           // C3
      .element("q", getQ().getType()) // C6
      .element("k", getK().getType())
      .element("v", getV().getType())
      .element("h", getH().getType());
  if (!getIGate() != !getFGate()) // C4
    return emitOpError() << "expects both gates or none";
  if (getIGate())
    checks.shape("i gate", getIGate().getType(), "B T H").shape("f gate", getFGate().getType(), "B T H"); // C4
  if (getDocStart())
    checks.shape("docs", getDocStart().getType(), "B T");
  if (failed(checks.result()))
    return failure();
  return lm::verifyStates(*this); // C5
}

//===----------------------------------------------------------------------===//
// GatedDeltaOp
//===----------------------------------------------------------------------===//

SmallVector<lm::StateSpec> GatedDeltaOp::describeStates() {
  RankedTensorType q = getQ().getType();
  int64_t shape[] = {q.getDimSize(0), q.getDimSize(2), q.getDimSize(3), getV().getType().getDimSize(3)};
  return {{"S", RankedTensorType::get(shape, Float32Type::get(getContext())), 0}};
}

LogicalResult GatedDeltaOp::continueDocuments(Value, const lm::StepOptions &options) {
  getDocStartMutable().clear();
  chooseForm(*this, options);
  return success();
}

/// Gates are float32 always.
Type GatedDeltaOp::getOperandPrecision(OpOperand &operand, Type) {
  bool isGate = operand.get() == getWrite() || operand.get() == getDecay();
  return isGate ? Float32Type::get(getContext()) : Type();
}
Type GatedDeltaOp::getResultPrecision(OpResult, Type activation) { return activation; }

LogicalResult GatedDeltaOp::verify() {
  if (getChunk() < 1 || getChunk() > lm::maxTokens) // C1
    return emitOpError() << "expects a chunk of 1 to " << lm::maxTokens << ", found "
                         << static_cast<int64_t>(getChunk());
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H m") // C2
      .shape("k", getK().getType(), "B T Hkv m")
      .shape("v", getV().getType(), "B T Hkv dv")
      .shape("write", getWrite().getType(), "B T H")
      .shape("decay", getDecay().getType(), "B T H")
      .shape("h", getH().getType(), "B T H dv")
      .multiple("H", "Hkv")           // C3
      .element("q", getQ().getType()) // C5
      .element("k", getK().getType())
      .element("v", getV().getType())
      .element("h", getH().getType());
  if (getDocStart())
    checks.shape("docs", getDocStart().getType(), "B T");
  if (failed(checks.result()))
    return failure();
  return lm::verifyStates(*this); // C4
}

//===----------------------------------------------------------------------===//
// MixOp, BlendOp, HybridOp
//===----------------------------------------------------------------------===//

LogicalResult MixOp::verify() {
  return ShapeChecks(*this)
      .shape("gate", getGate().getType(), "B T H") // C1
      .shape("memory", getMemory().getType(), "B T H d")
      .result();
}

LogicalResult BlendOp::verify() {
  return ShapeChecks(*this)
      .shape("share", getShare().getType(), "H") // C1
      .shape("full", getFull().getType(), "B T H d")
      .result();
}

/// Those of its mlstm, then those of its attention: xlstm-fuse-hybrid puts the states of both together in this order.
SmallVector<lm::StateSpec> HybridOp::describeStates() {
  SmallVector<lm::StateSpec> states;
  RankedTensorType q = getQ().getType(), k = getK().getType(), v = getV().getType();
  describeMemory(states, q, q.getDimSize(3), v);
  lm::describeCaches(states, k, v, static_cast<int64_t>(getWindow()), static_cast<int64_t>(getSinks()));
  return states;
}

LogicalResult HybridOp::continueDocuments(Value pos, const lm::StepOptions &options) {
  getDocStartMutable().clear();
  getPosMutable().assign(pos);
  chooseForm(*this, options);
  return success();
}

static LogicalResult checkPlace(HybridOp op, ShapeChecks &checks) {
  if (!op.getDocStart() == !op.getPos())
    return op.emitOpError() << "expects either docs or at";
  if (op.getDocStart())
    checks.shape("docs", op.getDocStart().getType(), "B T");
  else
    checks.shape("at", op.getPos().getType(), "B");
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
  if (getWindow() < 1 || getWindow() > lm::maxTokens || getSinks() > lm::maxTokens || getChunk() < 1 ||
      getChunk() > lm::maxTokens) // C1
    return emitOpError() << "expects a window and a chunk of 1 to " << lm::maxTokens << " and no negative sinks, found "
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
      .multiple("H", "Hkv")           // C3
      .element("q", getQ().getType()) // C6
      .element("k", getK().getType())
      .element("v", getV().getType())
      .element("h", getH().getType())
      .element("window_out", getWindowOut().getType());
  if (failed(checks.result()) || failed(checkPlace(*this, checks)) || failed(lm::verifyStates(*this))) // C4
    return failure();
  return checkRope(*this, checks); // C5
}

} // namespace xlstm::xlstm
