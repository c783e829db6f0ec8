//===- OrderHeads.cpp - heads that are taken together are neighbours ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_ORDERHEADS
#include "lib/Transforms/Passes.h.inc"

namespace {

using Heads = SmallVector<int64_t>;

/// A weight that can be laid out anew when an executable is made.
bool isStored(Value weight) {
  return weight.getDefiningOp<lm::ParamOp>() && isa<FloatType>(typeOf(weight).getElementType());
}

Value takeBlocks(OpBuilder &builder, Value weight, ArrayRef<int64_t> blocks, int64_t size, int64_t axis) {
  SmallVector<int64_t> shape(typeOf(weight).getShape());
  shape[axis] = static_cast<int64_t>(blocks.size()) * size;
  builder.setInsertionPointAfterValue(weight);
  return builder.create<lm::TakeBlocksOp>(weight.getLoc(), typeOf(weight).clone(shape), weight, blocks, size, axis);
}

//===----------------------------------------------------------------------===//
// Heads on their way in
//===----------------------------------------------------------------------===//

/// A projection and all that stands between it and what takes heads of it.
struct Projection {
  lm::LinearOp linear;
  SmallVector<lm::RmsNormOp> norms; // over all heads
  SmallVector<lm::TakeHeadsOp> takes;
  int64_t heads = 0, width = 0;

  /// Follows the value to its last use; false where something else reads it.
  bool follow(Value value);
  bool canBeOrdered();
};

bool Projection::follow(Value value) {
  bool isSplit = typeOf(value).getRank() == 4;
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    if (user->getOperand(0) != value)
      return false;
    if (auto take = dyn_cast<lm::TakeHeadsOp>(user)) {
      takes.push_back(take);
      return true;
    }
    if (auto split = dyn_cast<lm::SplitHeadsOp>(user)) {
      ArrayRef<int64_t> shape = typeOf(split.getResult()).getShape();
      bool isOther = heads != 0 && (heads != shape[2] || width != shape[3]);
      heads = shape[2], width = shape[3];
      return !isOther && follow(split.getResult());
    }
    if (auto norm = dyn_cast<lm::RmsNormOp>(user); norm && !isSplit)
      norms.push_back(norm);
    return isa<lm::RmsNormOp, lm::RopeOp>(user) && follow(user->getResult(0));
  });
}

bool Projection::canBeOrdered() {
  return isStored(linear.getWeight()) && (!linear.getBias() || isStored(linear.getBias())) &&
         llvm::all_of(norms, [](lm::RmsNormOp norm) { return isStored(norm.getWeight()); });
}

bool isRun(ArrayRef<int64_t> heads) {
  return llvm::all_of(llvm::seq<size_t>(1, heads.size()), [&](size_t i) { return heads[i] == heads[i - 1] + 1; });
}

bool contains(ArrayRef<int64_t> all, ArrayRef<int64_t> part) {
  return std::search(all.begin(), all.end(), part.begin(), part.end()) != all.end();
}

/// The shortest list in which both are neighbours.
Heads joinLists(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  if (contains(a, b))
    return Heads(a);
  if (contains(b, a))
    return Heads(b);
  for (size_t common = std::min(a.size(), b.size());; --common)
    for (auto [first, second] : {std::pair(a, b), std::pair(b, a)})
      if (first.take_back(common) == second.take_front(common)) {
        Heads joined(first);
        llvm::append_range(joined, second.drop_front(common));
        return joined;
      }
}

/// An order of all heads in which every take has neighbours, those of the first take in front; none where there is no
/// such order.
std::optional<Heads> findOrder(const Projection &projection) {
  Heads natural = llvm::to_vector(llvm::seq<int64_t>(0, projection.heads)), order;
  auto areRuns = [](lm::TakeHeadsOp take) { return isRun(take.getHeads()); };
  if (llvm::all_of(projection.takes, areRuns))
    return natural;
  for (lm::TakeHeadsOp take : projection.takes)
    order = joinLists(order, take.getHeads());
  Heads sorted = order;
  llvm::sort(sorted);
  return sorted == natural ? std::optional(order) : std::nullopt;
}

/// Takes the heads in front of what is done to each of them.
void takeEarly(lm::TakeHeadsOp take) {
  OpBuilder builder(take);
  for (Operation *op = take.getX().getDefiningOp(); isa<lm::RopeOp, lm::RmsNormOp>(op);
       op = take.getX().getDefiningOp()) {
    builder.setInsertionPoint(op);
    auto early = builder.create<lm::TakeHeadsOp>(
        take.getLoc(), typeOf(op->getOperand(0)).clone(take.getType().getShape()), op->getOperand(0), take.getHeads());
    Operation *copy = builder.clone(*op);
    copy->setOperand(0, early);
    copy->getResult(0).setType(take.getType());
    take.replaceAllUsesWith(copy->getResult(0));
    take.erase();
    if (op->use_empty())
      op->erase();
    take = early;
  }
}

bool orderProjection(lm::LinearOp linear) {
  Projection projection{linear, {}, {}};
  if (!projection.follow(linear.getResult()) || projection.takes.empty() || !projection.canBeOrdered())
    return false;
  llvm::sort(projection.takes, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  std::optional<Heads> order = findOrder(projection);
  if (!order)
    return false;
  if (!isRun(*order)) {
    OpBuilder builder(linear);
    auto put = [&](OpOperand &weight) { weight.set(takeBlocks(builder, weight.get(), *order, projection.width, 0)); };
    put(linear.getWeightMutable());
    if (linear.getBias())
      put(*linear.getBiasMutable().begin());
    for (lm::RmsNormOp norm : projection.norms)
      put(norm.getWeightMutable());
    for (lm::TakeHeadsOp take : projection.takes) {
      Heads places;
      for (int64_t head : take.getHeads())
        places.push_back(llvm::find(*order, head) - order->begin());
      take.setHeads(places);
    }
  }
  llvm::for_each(projection.takes, takeEarly);
  return true;
}

//===----------------------------------------------------------------------===//
// Heads on their way out
//===----------------------------------------------------------------------===//

/// One output projection a part, added to what all of them were added to.
bool partOutput(lm::JoinHeadsOp join) {
  auto userOf = [](Operation *op) { return op->hasOneUse() ? *op->user_begin() : nullptr; };
  auto merge = dyn_cast_or_null<lm::MergeHeadsOp>(userOf(join));
  auto linear = merge ? dyn_cast_or_null<lm::LinearOp>(userOf(merge)) : lm::LinearOp();
  if (!linear || linear.getX() != merge.getResult() || !isStored(linear.getWeight()))
    return false;
  auto add = dyn_cast_or_null<lm::AddOp>(userOf(linear));
  Operation *last = add ? add.getOperation() : linear.getOperation();
  Value sum, bias = linear.getBias();
  if (add)
    sum = add.getLhs() == linear.getResult() ? add.getRhs() : add.getLhs();
  int64_t width = typeOf(join.getResult()).getDimSize(3);
  OpBuilder builder(last);
  ArrayRef<int64_t> places = join.getHeads();
  for (Value part : join.getParts()) {
    SmallVector<int64_t> shape(typeOf(part).getShape().take_front(3));
    Value columns = takeBlocks(builder, linear.getWeight(), places.take_front(shape[2]), width, 1);
    places = places.drop_front(shape[2]);
    shape[2] *= width;
    builder.setInsertionPoint(last);
    Value merged = builder.create<lm::MergeHeadsOp>(merge.getLoc(), typeOf(part).clone(shape), part);
    Value own = builder.create<lm::LinearOp>(linear.getLoc(), linear.getType(), merged, columns, bias);
    sum = sum ? Value(builder.create<lm::AddOp>(linear.getLoc(), linear.getType(), sum, own)) : own;
    bias = {};
  }
  last->getResult(0).replaceAllUsesWith(sum);
  for (Operation *op : {add.getOperation(), linear.getOperation(), merge.getOperation(), join.getOperation()})
    if (op)
      op->erase();
  return true;
}

class OrderHeads : public impl::OrderHeadsBase<OrderHeads> {
public:
  using OrderHeadsBase::OrderHeadsBase;

  void runOnOperation() override {
    lm::ModelOp model = findForward(getOperation());
    if (!model)
      return signalPassFailure();
    for (lm::LayerOp layer : model.getLayers()) {
      Block &body = layer.getBody().front();
      for (lm::LinearOp linear : llvm::to_vector(body.getOps<lm::LinearOp>()))
        numOrdered += orderProjection(linear);
      for (lm::JoinHeadsOp join : llvm::to_vector(body.getOps<lm::JoinHeadsOp>()))
        numParted += partOutput(join);
    }
  }
};

} // namespace
} // namespace xlstm
