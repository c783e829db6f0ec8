//===- LMAttentionOps.cpp - verifiers of positions, rope, attention -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ShapeChecks.h"

#include <cmath>

using namespace mlir;

namespace xlstm::lm {

/// Tokens are either rows of documents, docs [B, T], or continue one document a row, pos [B].
static LogicalResult checkPlace(Operation *op, ShapeChecks &checks, Value docStart, Value pos) {
  if (!docStart == !pos)
    return op->emitOpError() << "expects either docs or at";
  if (docStart)
    checks.shape("docs", docStart.getType(), "B T");
  else
    checks.shape("at", pos.getType(), "B");
  return checks.result();
}

LogicalResult PositionsOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("ids", getIds().getType(), "B T").shape("result", getResult().getType(), "B T"); // C2
  return checkPlace(*this, checks, getDocStart(), getPos());                                      // C1
}

LogicalResult verifyRope(Operation *op, RopeAttr rope, RankedTensorType heads) {
  int64_t dim = heads.getDimSize(3);
  if (ShapedType::isDynamic(dim) || dim % 2 != 0) // C2
    return op->emitOpError() << "expects an even head dimension, found " << heads;
  DenseF32ArrayAttr frequencies = rope.getFrequencies();
  if (frequencies && frequencies.size() != dim / 2) // C3
    return op->emitOpError() << "expects " << dim / 2 << " frequencies for a head dimension of " << dim << ", found "
                             << frequencies.size();
  return success();
}

LogicalResult RopeOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("x", getX().getType(), "B T H d").shape("positions", getPositions().getType(), "B T"); // C1
  if (failed(checks.result()))
    return failure();
  return verifyRope(*this, getRope(), getX().getType());
}

/// The state of attention: ring_k, ring_v and, where there are sinks, sink_k, sink_v.
static LogicalResult checkState(AttentionOp op, ShapeChecks &checks) {
  OperandRange state = op.getState();
  if (TypeRange(state.getTypes()) != TypeRange(op.getNewState().getTypes()))
    return op.emitOpError() << "expects a new state for every state, of the same type";
  if (!op.getPos()) {
    if (!state.empty())
      return op.emitOpError() << "expects state only with at";
    return success();
  }
  int64_t sinks = op.getSinks().value_or(0);
  size_t expected = sinks ? 4 : 2;
  if (state.size() != expected || !op.getWindow())
    return op.emitOpError() << "expects a window and " << expected << " state operands with at, found " << state.size();
  checks.shape("ring_k", state[0].getType(), "B W Hkv d")
      .shape("ring_v", state[1].getType(), "B W Hkv dv")
      .equals("W", *op.getWindow(), "the window");
  if (sinks)
    checks.shape("sink_k", state[2].getType(), "B S Hkv d")
        .shape("sink_v", state[3].getType(), "B S Hkv dv")
        .equals("S", sinks, "the sinks");
  return checks.result();
}

LogicalResult AttentionOp::verify() {
  double scale = getScale().convertToDouble();
  if (!(std::isfinite(scale) && scale > 0)) // C1
    return emitOpError() << "expects a positive scale, found " << scale;
  if (getWindow() && static_cast<int64_t>(*getWindow()) < 1) // C2
    return emitOpError() << "expects a window of at least 1, found " << static_cast<int64_t>(*getWindow());
  if (getSinks() && (static_cast<int64_t>(*getSinks()) < 0 || !getWindow())) // C3
    return emitOpError() << "expects sinks to be at least 0 and to come with a window, found "
                         << static_cast<int64_t>(*getSinks());
  ShapeChecks checks(*this);
  checks.shape("q", getQ().getType(), "B T H d") // C4
      .shape("k", getK().getType(), "B T Hkv d")
      .shape("v", getV().getType(), "B T Hkv dv")
      .shape("h", getH().getType(), "B T H dv")
      .multiple("H", "Hkv"); // C5
  if (failed(checkPlace(*this, checks, getDocStart(), getPos()))) // C6
    return failure();
  return checkState(*this, checks); // C7
}

} // namespace xlstm::lm
