//===- Quantize.cpp - store weights in fewer bits ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Transforms/Passes.h"
#include "xlstm/Transforms/WeightRules.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_QUANTIZE
#include "lib/Transforms/Passes.h.inc"

namespace {

/// The element type of a name of a type; null for `stored`.
Type elementOf(WeightStorage storage, MLIRContext *context) {
  auto block = [&](unsigned bits, bool minimum) {
    return lm::BlockType::get(context, IntegerType::get(context, bits), 32, Float16Type::get(context), minimum);
  };
  switch (storage) {
  case WeightStorage::Stored:
    return {};
  case WeightStorage::F32:
    return Float32Type::get(context);
  case WeightStorage::BF16:
    return BFloat16Type::get(context);
  case WeightStorage::F16:
    return Float16Type::get(context);
  case WeightStorage::Int8:
    return block(8, false);
  case WeightStorage::Int4:
    return block(4, false);
  case WeightStorage::Int4M:
    return block(4, true);
  }
  return {};
}

bool isRead(OpOperand &use) {
  Operation *op = use.getOwner();
  if (isa<lm::TakeBlocksOp, lm::PackOp>(op))
    return llvm::all_of(op->getResult(0).getUses(), isRead);
  if (isa<lm::EmbedOp>(op))
    return true;
  return isa<lm::LinearOp, lm::LinearAddOp>(op) && use.getOperandNumber() == 1;
}

/// A feature map, a matrix a head; what rounds it is not blocks but bf16.
bool isMap(lm::ParamOp param) {
  return !param->use_empty() &&
         llvm::all_of(param->getUsers(), [](Operation *user) { return isa<xlstm::FeatureMapOp>(user); });
}

/// Whether the rules are for this weight.
bool isRuled(lm::ParamOp param) {
  auto type = cast<RankedTensorType>(param.getType());
  return !param.getInitAttr() && type.getRank() == 2 && type.hasStaticShape() && type.getDimSize(0) >= 16 &&
         isa<FloatType>(type.getElementType()) && llvm::all_of(param->getUses(), isRead);
}

/// Whether blocks fit every part of the weight that is taken.
bool hasWholeBlocks(Value weight) {
  if (cast<RankedTensorType>(weight.getType()).getShape().back() % 32 != 0)
    return false;
  return llvm::all_of(weight.getUsers(), [](Operation *user) {
    return !isa<lm::TakeBlocksOp, lm::PackOp>(user) || hasWholeBlocks(user->getResult(0));
  });
}

class Quantize : public impl::QuantizeBase<Quantize> {
public:
  using QuantizeBase::QuantizeBase;

  void runOnOperation() override {
    WeightRules chosen;
    for (const std::string &rule : *rules)
      if (std::string error = chosen.add(rule); !error.empty()) {
        getOperation().emitError() << error;
        return signalPassFailure();
      }
    for (lm::ModelOp model : getOperation().getOps<lm::ModelOp>())
      if (model.getFirstStateArgument() != model.getNumArguments())
        model.walk([&](lm::ParamOp param) { quantize(param, chosen); });
    if (std::string unused = chosen.firstUnused(); !unused.empty()) {
      getOperation().emitError() << "expects weights of projections or embeddings that fit '" << unused
                                 << "', found none";
      return signalPassFailure();
    }
  }

private:
  void quantize(lm::ParamOp param, WeightRules &chosen) {
    if (!isRuled(param) && !isMap(param))
      return;
    Type element = elementOf(chosen.storageOf(param.getName().str()), &getContext());
    if (isMap(param) && isa_and_nonnull<lm::BlockType>(element))
      element = BFloat16Type::get(&getContext());
    bool isBlock = element && isa<lm::BlockType>(element);
    if (!element || (isBlock && !hasWholeBlocks(param.getResult())) ||
        llvm::any_of(param->getUsers(), [](Operation *user) { return isa<lm::PackOp>(user); }))
      return;
    setWeightType(param.getResult(), element);
    ++numQuantized;
  }
};

} // namespace
} // namespace xlstm
