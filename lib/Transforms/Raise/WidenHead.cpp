//===- WidenHead.cpp - logits of every position ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/WidenHead.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace xlstm::raise {
namespace {

class HeadWidener {
public:
  HeadWidener(onnx::GraphOp graph, ArrayRef<onnx::Values> probes)
      : graph(graph), probes(probes), ids(onnx::findIds(graph)), builder(graph.getContext()) {}
  FailureOr<bool> run();

private:
  Tensor at(size_t probe, Value value) const { return probes[probe].lookup(value); }
  int64_t tokens(size_t probe) const { return at(probe, ids).shape[1]; }
  bool allProbes(llvm::function_ref<bool(size_t)> test) const {
    return llvm::all_of(llvm::seq<size_t>(0, probes.size()), test);
  }
  bool isOfLastPosition(Value value) const;
  bool hasTokens(Value value) const;
  Value pickedFrom(Operation *op) const;
  bool selectsLast(Value result) const;
  bool keepsPositions(Operation *op) const;
  bool onlyReshapes(Operation *op) const;
  LogicalResult collect(Value value);
  LogicalResult checkUses();
  void rewrite(Operation *op);
  void widenAxis(Operation *op);
  void replaceGemm(onnx::GemmOp op);

  onnx::GraphOp graph;
  ArrayRef<onnx::Values> probes;
  BlockArgument ids;
  OpBuilder builder;
  llvm::MapVector<Operation *, Value> selections; // what is taken out, and what it picks from
  llvm::SetVector<Operation *> followers;         // what then sees every position
  llvm::DenseSet<Operation *> reshapes;           // followers that are taken out too
};

/// Floats [B, 1, ..] or [B, V] of texts that are longer.
bool HeadWidener::isOfLastPosition(Value value) const {
  return allProbes([&](size_t i) {
    Tensor tensor = at(i, value);
    return tensor.kind == Kind::Float && tensor.rank() >= 2 && tensor.shape[0] == at(i, ids).shape[0] &&
           (tensor.rank() == 2 || tensor.shape[1] == 1) && tokens(i) > 1;
  });
}

/// Floats [B, T, C].
bool HeadWidener::hasTokens(Value value) const {
  return allProbes([&](size_t i) {
    Tensor tensor = at(i, value);
    return tensor.kind == Kind::Float && tensor.rank() == 3 && tensor.shape[0] == at(i, ids).shape[0] &&
           tensor.shape[1] == tokens(i);
  });
}

/// The activation [B, T, C] that a node picks from, perhaps with B and T merged before; null for another operand.
Value HeadWidener::pickedFrom(Operation *op) const {
  Value data = op->getOperand(0);
  Operation *merge = data.getDefiningOp();
  if (isa_and_nonnull<onnx::ReshapeOp, onnx::FlattenOp>(merge) && at(0, data).rank() == 2)
    data = merge->getOperand(0);
  bool isMerged = allProbes([&](size_t i) {
    Tensor whole = at(i, data), merged = at(i, op->getOperand(0));
    return data == op->getOperand(0) || (merged.rank() == 2 && whole.rank() == 3 && merged.shape[1] == whole.shape[2]);
  });
  return isMerged && hasTokens(data) ? data : Value();
}

/// Whether a node picks the last position: asked by running it on numbers that are row and position.
bool HeadWidener::selectsLast(Value result) const {
  Operation *op = result.getDefiningOp();
  if (!isa<onnx::SliceOp, onnx::GatherOp, onnx::GatherNDOp, onnx::SplitOp>(op) || !isOfLastPosition(result) ||
      !pickedFrom(op))
    return false;
  return allProbes([&](size_t i) {
    onnx::Values values;
    for (Value operand : op->getOperands())
      values[operand] = at(i, operand);
    onnx::Shape shape = at(i, op->getOperand(0)).shape;
    shape.back() = 1;
    values[op->getOperand(0)] = onnx::makeIota(Kind::Float, shape);
    llvm::SetVector<Operation *> only;
    only.insert(op);
    ScopedDiagnosticHandler quiet(builder.getContext(), [](Diagnostic &) { return success(); });
    int64_t rows = at(i, ids).shape[0], length = tokens(i);
    if (failed(onnx::Evaluation{graph, {rows, length}, &only, {}, {}}.run(values)))
      return false;
    Tensor picked = values.lookup(result);
    bool isLast = picked.isKnown() && picked.size() == rows;
    for (int64_t row = 0; isLast && row < rows; ++row)
      isLast = picked[row] == static_cast<double>((row + 1) * length - 1);
    return isLast;
  });
}

/// Whether a node only adds or takes away the dimension of the one position.
bool HeadWidener::onlyReshapes(Operation *op) const {
  if (!isa<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::FlattenOp>(op))
    return false;
  auto channels = [](const Tensor &tensor) {
    onnx::Shape shape = tensor.shape;
    if (shape.size() == 3 && shape[1] == 1)
      shape.erase(shape.begin() + 1);
    return shape;
  };
  return allProbes([&](size_t i) { return channels(at(i, op->getOperand(0))) == channels(at(i, op->getResult(0))); });
}

/// Whether a node computes each position by itself, over the last dimension at most.
bool HeadWidener::keepsPositions(Operation *op) const {
  if (onlyReshapes(op) ||
      isa<onnx::IdentityOp, onnx::CastOp, onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::NegOp, onnx::PowOp,
          onnx::SqrtOp, onnx::ReciprocalOp, onnx::SigmoidOp, onnx::SwishOp, onnx::MSQuickGeluOp,
          onnx::MSSkipSimplifiedLayerNormalizationOp, onnx::MSMatMulNBitsOp>(op))
    return true;
  auto integer = [&](StringRef name, int64_t fallback) {
    auto attribute = op->getAttrOfType<IntegerAttr>(name);
    return attribute ? attribute.getInt() : fallback;
  };
  int64_t rank = at(0, op->getOperand(0)).rank();
  if (isa<onnx::MatMulOp, onnx::MSFusedMatMulOp, onnx::GemmOp>(op)) {
    bool isPlain = !isa<onnx::GemmOp>(op) || op->getNumOperands() < 3 || !op->getAttr("beta") ||
                   op->getAttrOfType<FloatAttr>("beta").getValueAsDouble() == 1;
    return isPlain && integer("transA", 0) == 0 && at(0, op->getOperand(1)).rank() == 2;
  }
  if (isa<onnx::RMSNormalizationOp, onnx::SimplifiedLayerNormalizationOp>(op))
    return integer("axis", -1) == -1 || integer("axis", -1) == rank - 1;
  if (!isa<onnx::ReduceMeanOp>(op) || integer("keepdims", 1) != 1)
    return false;
  auto list = op->getAttrOfType<DenseI64ArrayAttr>("axes");
  Value operand = givenOperand(op, 1);
  Tensor axes = operand ? at(0, operand) : Tensor();
  double axis = list && list.size() == 1             ? static_cast<double>(list[0])
                : axes.isKnown() && axes.size() == 1 ? axes[0]
                                                     : 0;
  return axis == -1 || axis == static_cast<double>(rank - 1);
}

/// Follows a value of one position back to where it is selected.
LogicalResult HeadWidener::collect(Value value) {
  SmallVector<Value> work{value};
  while (!work.empty()) {
    Value next = work.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (!isOfLastPosition(next) || !op || at(0, next).isKnown() || isa<onnx::InitializerOp>(op))
      continue; // weights, constants and shapes
    if (selectsLast(next)) {
      selections[op] = pickedFrom(op);
      continue;
    }
    if (!keepsPositions(op))
      return onnx::emitNodeError(op)
             << "expected the logits of the last position to be computed of a selected position, "
                "each position by itself, found a node that does not";
    if (followers.insert(op))
      llvm::append_range(work, op->getOperands());
    if (onlyReshapes(op))
      reshapes.insert(op);
  }
  if (selections.empty())
    return onnx::emitNodeError(graph) << "expected logits of every position, [B, T, V], or of the last one, found "
                                      << onnx::describe(at(0, value)) << " for " << tokens(0) << " tokens";
  return success();
}

/// Nothing else may read a value that is to have other positions.
LogicalResult HeadWidener::checkUses() {
  SmallVector<Operation *> ops(followers.begin(), followers.end());
  for (const auto &[op, whole] : selections)
    ops.push_back(op);
  for (Operation *op : ops)
    for (Operation *user : op->getUsers())
      if (!followers.contains(user) && user != graph.getReturn())
        return onnx::emitNodeError(user) << "expected only the head to read the last position alone";
  return success();
}

/// An axis that was counted from the front is the last one.
void HeadWidener::widenAxis(Operation *op) {
  if (op->getAttr("axis"))
    op->setAttr("axis", builder.getI64IntegerAttr(-1));
  if (op->getAttr("axes"))
    op->setAttr("axes", builder.getDenseI64ArrayAttr({-1}));
  if (isa<onnx::ReduceMeanOp>(op) && givenOperand(op, 1)) {
    auto type = RankedTensorType::get({1}, builder.getI64Type());
    op->setOperand(1, builder.create<onnx::InitializerOp>(op->getLoc(), DenseElementsAttr::get(type, int64_t{-1})));
  }
}

/// Gemm is for matrices alone.
void HeadWidener::replaceGemm(onnx::GemmOp op) {
  NamedAttrList attributes(op->getAttrs());
  attributes.erase("beta");
  attributes.erase("transA");
  Type unknown = onnx::UnknownType::get(builder.getContext());
  Value result = builder
                     .create<onnx::MSFusedMatMulOp>(op.getLoc(), TypeRange{unknown}, op->getOperands().take_front(2),
                                                    attributes.getAttrs())
                     ->getResult(0);
  if (Value bias = givenOperand(op, 2))
    result = builder.create<onnx::AddOp>(op.getLoc(), TypeRange{unknown}, ValueRange{result, bias})->getResult(0);
  op->getResult(0).replaceAllUsesWith(result);
  op.erase();
}

void HeadWidener::rewrite(Operation *op) {
  builder.setInsertionPoint(op);
  if (selections.count(op) || reshapes.contains(op)) {
    Value whole = selections.lookup(op);
    for (Value result : op->getResults())
      if (!result.use_empty())
        result.replaceAllUsesWith(whole ? whole : op->getOperand(0));
    op->erase();
  } else if (auto gemm = dyn_cast<onnx::GemmOp>(op)) {
    replaceGemm(gemm);
  } else {
    widenAxis(op);
  }
}

FailureOr<bool> HeadWidener::run() {
  Value logits = graph.getReturn()->getOperand(0);
  if (!isOfLastPosition(logits))
    return false;
  if (failed(collect(logits)) || failed(checkUses()))
    return failure();
  SmallVector<Operation *> all(followers.begin(), followers.end());
  for (const auto &[op, whole] : selections)
    all.push_back(op);
  for (Operation *op : all)
    rewrite(op);
  return true;
}

} // namespace

FailureOr<bool> widenHead(onnx::GraphOp graph, ArrayRef<onnx::Values> probes) {
  return HeadWidener(graph, probes).run();
}

} // namespace xlstm::raise
