//===- PackLinear.cpp - projections of one value as one --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_PACKLINEAR
#include "lib/Transforms/Passes.h.inc"

namespace {

/// Rows that a part may have: places in memory then begin at multiples of 16 bytes.
constexpr int64_t rowMultiple = 8;

/// The weight itself or the one that blocks are taken of; null where it is computed.
lm::ParamOp paramOf(Value weight) {
  auto blocks = weight.getDefiningOp<lm::TakeBlocksOp>();
  return (blocks ? blocks.getWeight() : weight).getDefiningOp<lm::ParamOp>();
}

class Packer {
public:
  Packer(Block &block, llvm::DenseSet<StringRef> &packed, IRRewriter &rewriter)
      : block(block), packed(packed), rewriter(rewriter) {}

  /// Returns how many projections became parts.
  int64_t run();

private:
  /// Projections that can be one: same input, same types, bias or none.
  using Key = std::tuple<Value, Type, Type, Type>;

  bool canPack(lm::LinearOp linear) const;
  void pack(ArrayRef<lm::LinearOp> parts);
  Value join(ArrayRef<Value> parts, lm::LinearOp first);

  Block &block;
  llvm::DenseSet<StringRef> &packed; // names of weights that lie beside others already
  IRRewriter &rewriter;
};

/// Its readers take rows that lie apart, and its weights are its own.
bool Packer::canPack(lm::LinearOp linear) const {
  auto isFree = [&](Value weight) {
    lm::ParamOp param = weight ? paramOf(weight) : lm::ParamOp();
    return !weight || (param && param->getBlock() == &block && param->hasOneUse() && weight.hasOneUse() &&
                       !packed.contains(param.getName()));
  };
  return isFree(linear.getWeight()) && isFree(linear.getBias()) &&
         typeOf(linear.getWeight()).getDimSize(0) % rowMultiple == 0 &&
         llvm::all_of(linear->getUsers(),
                      [](Operation *user) { return isa<lm::SplitHeadsOp, lm::SwigluOp, lm::RmsNormOp>(user); });
}

/// The weights one above the other, in front of the first projection.
Value Packer::join(ArrayRef<Value> parts, lm::LinearOp first) {
  auto type = typeOf(parts.front());
  SmallVector<int64_t> shape(type.getShape());
  shape.front() = 0;
  for (Value part : parts) {
    lm::ParamOp param = paramOf(part);
    packed.insert(param.getName());
    for (Operation *op : {param.getOperation(), part.getDefiningOp()})
      if (first->isBeforeInBlock(op))
        rewriter.moveOpBefore(op, first);
    shape.front() += typeOf(part).getDimSize(0);
  }
  rewriter.setInsertionPoint(first);
  return rewriter.create<lm::PackOp>(first.getLoc(), type.clone(shape), parts);
}

void Packer::pack(ArrayRef<lm::LinearOp> parts) {
  lm::LinearOp first = parts.front();
  SmallVector<Value> weights, biases;
  for (lm::LinearOp part : parts) {
    weights.push_back(part.getWeight());
    if (part.getBias())
      biases.push_back(part.getBias());
  }
  Value weight = join(weights, first), bias = biases.empty() ? Value() : join(biases, first);
  auto type = typeOf(first.getResult());
  auto all = type.clone({type.getDimSize(0), type.getDimSize(1), typeOf(weight).getDimSize(0)});
  rewriter.setInsertionPoint(first);
  auto product = rewriter.create<lm::LinearOp>(first.getLoc(), all, first.getX(), weight, bias);
  SmallVector<Value> slices;
  int64_t offset = 0;
  for (lm::LinearOp part : parts) {
    slices.push_back(rewriter.create<lm::SliceOp>(part.getLoc(), part.getType(), product.getResult(), offset));
    offset += typeOf(part.getResult()).getDimSize(2);
  }
  for (auto [part, slice] : llvm::zip(parts, slices))
    rewriter.replaceOp(part, slice);
}

int64_t Packer::run() {
  llvm::MapVector<Key, SmallVector<lm::LinearOp>> groups;
  auto element = [](Value value) { return value ? typeOf(value).getElementType() : Type(); };
  for (lm::LinearOp linear : block.getOps<lm::LinearOp>())
    if (canPack(linear))
      groups[{linear.getX(), element(linear.getWeight()), element(linear.getBias()), element(linear.getResult())}]
          .push_back(linear);
  int64_t count = 0;
  for (auto &[key, parts] : groups) {
    if (parts.size() < 2)
      continue;
    count += static_cast<int64_t>(parts.size());
    pack(parts);
  }
  return count;
}

/// Moves every projection behind the one of the same value in front of it, where its weights can stand in front of
/// both.
void gather(Block &block, IRRewriter &rewriter) {
  DenseMap<Value, lm::LinearOp> last;
  for (lm::LinearOp linear : llvm::make_early_inc_range(block.getOps<lm::LinearOp>())) {
    lm::LinearOp &before = last[linear.getX()];
    auto isInFront = [&](Value weight) {
      Operation *op = weight ? weight.getDefiningOp() : nullptr;
      return !op || isa<lm::ParamOp>(op) || op->getBlock() != &block || op->isBeforeInBlock(before);
    };
    if (before && isInFront(linear.getWeight()) && isInFront(linear.getBias())) {
      for (Value weight : {Value(linear.getWeight()), Value(linear.getBias())})
        if (Operation *op = weight ? weight.getDefiningOp() : nullptr;
            op && op->getBlock() == &block && before->isBeforeInBlock(op))
          rewriter.moveOpBefore(op, before);
      rewriter.moveOpAfter(linear, before);
    }
    before = linear;
  }
}

class PackLinear : public impl::PackLinearBase<PackLinear> {
public:
  using PackLinearBase::PackLinearBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>()) {
      if (model.getFirstStateArgument() == model.getNumArguments())
        continue;
      llvm::DenseSet<StringRef> packed;
      numPacked += Packer(model.getBody().front(), packed, rewriter).run();
      gather(model.getBody().front(), rewriter);
      for (lm::LayerOp layer : model.getLayers()) {
        numPacked += Packer(layer.getBody().front(), packed, rewriter).run();
        gather(layer.getBody().front(), rewriter);
      }
    }
  }
};

} // namespace
} // namespace xlstm
