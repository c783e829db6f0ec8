//===- KernelStructureOps.cpp - functions and memory ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelCall.h"
#include "dialects/Kernel/KernelMemory.h"

#include "mlir/IR/Builders.h"

#include <limits>

using namespace mlir;

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

namespace xlstm::kernel {

/// What need not wait for the call in front of it must be one of its kind, of the same x.
static LogicalResult checkBeside(LinearOp linear, Operation *before) {
  auto other = dyn_cast_or_null<LinearOp>(before);
  if (!linear->hasAttr("beside") || (other && other.getX() == linear.getX() && !linear.getResidual()))
    return success();
  return linear.emitOpError() << "expects the call in front of it to be a kernel.linear of the same x";
}

/// The views of a call, other than those of weights and constants, have a row for each row of ids.
static LogicalResult checkRows(Operation *op, int64_t rows) {
  auto hasRows = [&](Value view) {
    auto type = cast<MemRefType>(view.getType());
    return isa<WeightOp, ConstantOp, JoinOp, ArenaOp>(rootOf(view)) || (type.getRank() && type.getDimSize(0) == rows);
  };
  bool isCall = Call::isa(op) && usesState(op);
  for (Value view : isCall             ? ValueRange(op->getOperands())
                    : isa<StateOp>(op) ? ValueRange(op->getResults())
                                       : ValueRange())
    if (!hasRows(view))
      return op->emitOpError() << "expects " << rows << " rows as in the ids of a function with rows_apart, found "
                               << view.getType();
  return success();
}

static LogicalResult checkRowsApart(FuncOp function) {
  if (!function.getRowsApart())
    return success();
  auto ids = function.getBody().getOps<IdsOp>();
  ArrayRef<int64_t> shape;
  if (!ids.empty())
    shape = cast<MemRefType>((*ids.begin()).getResult().getType()).getShape();
  if (shape.size() != 2 || shape[0] < 1 || shape[1] != 1)
    return function.emitOpError() << "expects ids of one token a row where rows are apart";
  for (Operation &op : function.getBody().front())
    if (failed(checkRows(&op, shape[0])))
      return failure();
  return success();
}

LogicalResult FuncOp::verifyRegions() {
  if (failed(checkRowsApart(*this))) // C9
    return failure();
  Operation *before = nullptr;
  for (Operation &op : getBody().front()) {
    if (!isa_and_nonnull<KernelDialect>(op.getDialect()) || isa<FuncOp>(op)) // C1
      return op.emitOpError() << "is not an op of a kernel.func";
    if (!Call::isa(&op))
      continue;
    if (failed(Call(&op).types(getTarget()))) // C2
      return failure();
    if (auto linear = dyn_cast<LinearOp>(op); linear && failed(checkBeside(linear, before))) // C8
      return failure();
    before = &op;
  }
  return checkMemory(*this); // C3 to C7
}

LogicalResult ArenaOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  bool measured = getKind() == Arena::Workspace || getKind() == Arena::Zeroed;
  if (type.getRank() != 1 || !type.getElementType().isInteger(8) || type.hasStaticShape() == measured) // C1
    return emitOpError() << "expects memref<" << (measured ? "?" : "its bytes") << "xi8>, found " << type;
  return success();
}

/// A place must lie within an arena of the right kind, at a multiple of the element's size.
template <typename Placed>
static LogicalResult verifyPlace(Placed op, Arena kind) {
  FailureOr<Layout> layout = Layout::of(op.getResult().getType());
  if (failed(layout) || !layout->isDense()) // C1
    return op.emitOpError() << "expects a dense static view, found " << op.getResult().getType();
  if (!op.getArena())
    return success();
  auto arena = op.getArena().template getDefiningOp<ArenaOp>();
  if (!arena || arena.getKind() != kind) // C2
    return op.emitOpError() << "expects a place in arena " << stringifyArena(kind);
  int64_t offset = static_cast<int64_t>(*op.getOffset()), bytes = layout->span() * layout->elementBytes;
  if constexpr (std::is_same_v<Placed, StateOp>)
    bytes = placedBytes(op);
  int64_t size = cast<MemRefType>(arena.getResult().getType()).getDimSize(0);
  if (offset < 0 || offset > size - bytes || offset % layout->alignment != 0) // C3
    return op.emitOpError() << "expects " << bytes << " bytes at a multiple of " << layout->alignment << " within "
                            << size << " of the arena, found offset " << offset;
  return success();
}

LogicalResult BufferOp::verify() { return verifyPlace(*this, Arena::Scratch); }

LogicalResult WeightOp::verify() {
  bool hasBlocks = getBlocks().has_value();
  auto type = cast<MemRefType>(getResult().getType());
  int64_t axis = static_cast<int64_t>(getAxis().value_or(0)), found = 0;
  if (axis >= 0 && axis < type.getRank()) // counted in columns where they are elements of panels
    found = type.getDimSize(static_cast<unsigned>(axis)) *
            (axis + 1 == type.getRank() && isa<PanelType>(type.getElementType()) ? PanelType::columns : 1);
  if (getSize().has_value() != hasBlocks || getAxis().has_value() != hasBlocks) // C4
    return emitOpError() << "expects blocks, their size and their dimension together";
  if (hasBlocks && found != static_cast<int64_t>(*getSize() * getBlocks()->size())) // C4
    return emitOpError() << "expects " << getBlocks()->size() << " blocks of " << *getSize() << " in dimension "
                         << *getAxis() << ", found " << type;
  return verifyPlace(*this, Arena::Weights); // buffer C1 to C3
}

std::string WeightOp::partName() {
  std::string name = getName().str();
  llvm::raw_string_ostream out(name);
  if (getBlocks())
    out << " " << *getAxis() << " " << *getSize() << " " << getBlocksAttr();
  return name;
}

LogicalResult StateOp::verify() { return verifyPlace(*this, Arena::State); } // buffer C1 to C3

LogicalResult ConstantOp::verify() {
  auto values = dyn_cast<DenseElementsAttr>(getValue());
  auto type = cast<MemRefType>(getResult().getType());
  if (!values || values.getElementType() != type.getElementType() ||
      values.getType().getShape() != type.getShape()) // C4
    return emitOpError() << "expects dense numbers of its own shape and type, found " << getValue();
  return verifyPlace(*this, Arena::Weights); // buffer C1 to C3
}

LogicalResult ViewOfOp::verify() {
  FailureOr<Layout> source = Layout::of(getSource().getType()), result = Layout::of(getResult().getType());
  if (failed(source) || failed(result)) // C1
    return emitOpError() << "expects static views, found " << getSource().getType() << " and " << getResult().getType();
  int64_t offset = static_cast<int64_t>(getOffset()), bytes = result->span() * result->elementBytes;
  int64_t size = source->span() * source->elementBytes;
  if (cast<MemRefType>(getSource().getType()).getElementType() !=
          cast<MemRefType>(getResult().getType()).getElementType() ||
      offset < 0 || offset > size - bytes || offset % result->elementBytes != 0) // C2
    return emitOpError() << "expects elements within the " << size << " bytes of its source, found " << bytes
                         << " bytes of " << getResult().getType() << " at " << offset;
  return success();
}

LogicalResult JoinOp::verify() {
  auto type = cast<MemRefType>(getResult().getType());
  int64_t rows = 0;
  for (Value part : getParts()) {
    auto partType = cast<MemRefType>(part.getType());
    if (!part.getDefiningOp<WeightOp>() || partType.getRank() == 0 || partType.getRank() != type.getRank() ||
        partType.getElementType() != type.getElementType() ||
        partType.getShape().drop_front() != type.getShape().drop_front()) // C1
      return emitOpError() << "expects weights with the rows of " << type << ", found " << partType;
    rows += std::min(partType.getDimSize(0), std::numeric_limits<int64_t>::max() - rows);
  }
  if (isa<PanelType>(type.getElementType()))
    for (Value part : getParts().drop_back())
      if (int64_t found = cast<MemRefType>(part.getType()).getDimSize(0); found % PanelType::rows != 0) // C3
        return emitOpError() << "expects parts of whole panels of " << PanelType::rows << " rows, found " << found;
  if (getParts().size() < 2) // C2
    return emitOpError() << "expects two parts or more, found " << getParts().size();
  if (rows != type.getDimSize(0)) // C2
    return emitOpError() << "expects parts with " << type.getDimSize(0) << " rows together, found " << rows;
  return success();
}

} // namespace xlstm::kernel
