//===- LMTensorOps.cpp - verifiers of embedding, projections, norms -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ShapeChecks.h"

#include <cmath>

using namespace mlir;

namespace xlstm::lm {

LogicalResult EmbedOp::verify() {
  return ShapeChecks(*this)
      .shape("ids", getIds().getType(), "B T") // C1
      .shape("table", getTable().getType(), "V D")
      .shape("result", getResult().getType(), "B T D")
      .result();
}

template <typename Projection>
static LogicalResult verifyProjection(Projection op) {
  ShapeChecks checks(op);
  checks.shape("x", op.getX().getType(), "B T I").shape("weight", op.getWeight().getType(), "O I"); // C1
  if (op.getBias())
    checks.shape("bias", op.getBias().getType(), "O"); // C2
  return checks.shape("result", op.getResult().getType(), "B T O").result();
}

LogicalResult LinearOp::verify() { return verifyProjection(*this); }
LogicalResult LinearAddOp::verify() { return verifyProjection(*this); }

LogicalResult RmsNormOp::verify() {
  double eps = getEps().convertToDouble();
  if (!(std::isfinite(eps) && eps > 0)) // C1
    return emitOpError() << "expects a positive eps, found " << eps;
  StringRef dims = cast<RankedTensorType>(getX().getType()).getRank() == 4 ? "B T H N" : "B T N";
  return ShapeChecks(*this)
      .shape("x", getX().getType(), dims)
      .shape("weight", getWeight().getType(), "N")
      .result(); // C2
}

/// Checks [B, T, C] against [B, T, H, d] with C = H * d, of one element type.
static LogicalResult verifyHeads(Operation *op, StringRef flatName, Type flat, StringRef splitName, Type split) {
  ShapeChecks checks(op);
  checks.shape(flatName, flat, "B T C").shape(splitName, split, "B T H d");
  int64_t heads = checks.size("H"), dim = checks.size("d");
  checks.element(flatName, flat).element(splitName, split);
  if (failed(checks.result()) || ShapedType::isDynamic(heads) || ShapedType::isDynamic(dim))
    return checks.result();
  std::optional<int64_t> channels = checkedProduct({heads, dim});
  if (!channels)
    return op->emitOpError() << "expects H * d to fit 63 bits, found " << split;
  return checks.equals("C", *channels, "H * d").result();
}

LogicalResult SplitHeadsOp::verify() {
  return verifyHeads(*this, "x", getX().getType(), "result", getResult().getType()); // C1
}

LogicalResult MergeHeadsOp::verify() {
  return verifyHeads(*this, "result", getResult().getType(), "x", getX().getType()); // C1
}

LogicalResult MergeHeadsOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  if (x.getRank() != 4) { // the verifier says so
    types.push_back(x);
    return success();
  }
  ArrayRef<int64_t> shape = x.getShape();
  bool isStatic = !ShapedType::isDynamic(shape[2]) && !ShapedType::isDynamic(shape[3]);
  int64_t channels = (isStatic ? checkedProduct(shape.take_back(2)) : std::nullopt).value_or(ShapedType::kDynamic);
  types.push_back(RankedTensorType::get({shape[0], shape[1], channels}, x.getElementType()));
  return success();
}

LogicalResult LastTokenOp::inferReturnTypes(MLIRContext *, std::optional<Location>, Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  auto x = cast<RankedTensorType>(adaptor.getX().getType());
  SmallVector<int64_t> shape(x.getShape());
  if (shape.size() == 3)
    shape[1] = 1;
  types.push_back(x.clone(shape));
  return success();
}

// The verifiers name the dimension that does not agree.
bool MergeHeadsOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }
bool LastTokenOp::isCompatibleReturnTypes(TypeRange, TypeRange) { return true; }

LogicalResult LastTokenOp::verify() {
  return ShapeChecks(*this)
      .shape("x", getX().getType(), "B T D") // C1
      .shape("result", getResult().getType(), "B one D")
      .equals("one", 1, "one token")
      .element("x", getX().getType())
      .element("result", getResult().getType())
      .result();
}

LogicalResult CrossEntropyOp::verify() {
  return ShapeChecks(*this)
      .shape("logits", getLogits().getType(), "B T V") // C1
      .shape("labels", getLabels().getType(), "B T")
      .result();
}

} // namespace xlstm::lm
