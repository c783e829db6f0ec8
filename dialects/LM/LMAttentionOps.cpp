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

LogicalResult PositionsOp::inferReturnTypes(MLIRContext *context, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  types.push_back(cast<RankedTensorType>(adaptor.getIds().getType()).clone(IntegerType::get(context, 32)));
  return success();
}

// The verifier names the dimension that does not agree.
bool PositionsOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }

LogicalResult PositionsOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("ids", getIds().getType(), "B T").shape("result", getResult().getType(), "B T"); // C2
  return checkPlace(*this, checks, getDocStart(), getPos());                                    // C1
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

//===----------------------------------------------------------------------===//
// AttentionOp
//===----------------------------------------------------------------------===//

SmallVector<StateSpec> AttentionOp::describeStates() {
  SmallVector<StateSpec> states;
  describeCaches(states, getK().getType(), getV().getType(), static_cast<int64_t>(*getWindow()),
                 static_cast<int64_t>(getSinks().value_or(0)));
  if (getCache()) {
    states[0].name = "cache_k";
    states[1].name = "cache_v";
  }
  return states;
}

LogicalResult AttentionOp::continueDocuments(Value pos, const StepOptions &options) {
  if (!getWindow() && options.context < 1)
    return emitOpError() << "has no window and the model no context_length: option context expects at least 1";
  if (!getWindow()) {
    setWindow(options.context);
    setCache(true);
  }
  getDocStartMutable().clear();
  getPosMutable().assign(pos);
  return success();
}

Type AttentionOp::getResultPrecision(OpResult, Type activation) { return activation; }

LogicalResult AttentionOp::verify() {
  double scale = getScale().convertToDouble();
  if (!(std::isfinite(scale) && scale > 0)) // C1
    return emitOpError() << "expects a positive scale, found " << scale;
  if (getWindow() && (*getWindow() < 1 || *getWindow() > maxTokens)) // C2
    return emitOpError() << "expects a window of 1 to " << maxTokens << ", found "
                         << static_cast<int64_t>(*getWindow());
  if (getSinks() && (*getSinks() > maxTokens || !getWindow())) // C3
    return emitOpError() << "expects sinks to be 0 to " << maxTokens << " and to come with a window, found "
                         << static_cast<int64_t>(*getSinks());
  ShapeChecks checks(*this);
  checks
      .shape("q", getQ().getType(), "B T H d") // C4
      .shape("k", getK().getType(), "B T Hkv d")
      .shape("v", getV().getType(), "B T Hkv dv")
      .shape("h", getH().getType(), "B T H dv")
      .multiple("H", "Hkv")           // C5
      .element("q", getQ().getType()) // C8
      .element("k", getK().getType())
      .element("v", getV().getType())
      .element("h", getH().getType());
  if (failed(checkPlace(*this, checks, getDocStart(), getPos()))) // C6
    return failure();
  if (getPos() && !getWindow()) // C7
    return emitOpError() << "expects a window with at";
  if (getCache() && (!getPos() || getSinks())) // C9
    return emitOpError() << "expects cache to come with at and without sinks";
  return verifyStates(*this); // C7
}

} // namespace xlstm::lm
