//===- ConvertLMToKernel.cpp - functions with state to kernel calls -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Conversion/LMToKernel/KernelBuilder.h"
#include "lib/Conversion/LMToKernel/StateFlow.h"
#include "xlstm/Conversion/Passes.h"

#include "mlir/IR/Verifier.h"

namespace xlstm {
#define GEN_PASS_DEF_CONVERTLMTOKERNEL
#include "lib/Conversion/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

/// Arguments become what the caller gives (ids) and states; the position is one, too.
struct ConvertModel : OpConversionPattern<lm::ModelOp> {
  ConvertModel(MLIRContext *context, kernel::Target target, bool smallKeys)
      : OpConversionPattern(context), target(target), smallKeys(smallKeys) {}

  LogicalResult matchAndRewrite(lm::ModelOp model, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    KernelBuilder builder(rewriter, model);
    IntegerAttr context = model.getContextLengthAttr();
    auto function =
        rewriter.create<kernel::FuncOp>(model.getLoc(), model.getSymName(), target, context, model.getRowsApart());
    rewriter.inlineRegionBefore(model.getBody(), function.getBody(), function.getBody().end());
    Block *block = &function.getBody().front();
    rewriter.setInsertionPointToStart(block);
    TypeConverter::SignatureConversion signature(block->getNumArguments());
    for (BlockArgument argument : block->getArguments()) {
      unsigned i = argument.getArgNumber();
      MemRefType type = memoryType(argument.getType());
      auto name = model.getArgAttrOfType<StringAttr>(i, lm::LMDialect::stateAttrName);
      auto init = model.getArgAttrOfType<FloatAttr>(i, lm::LMDialect::initAttrName);
      if (smallKeys && isKeys(argument))
        type = MemRefType::get(type.getShape(), rewriter.getBF16Type());
      Value memory = i == 0   ? Value(rewriter.create<kernel::IdsOp>(model.getLoc(), type))
                     : i == 1 ? builder.state(positionName, type, 0)
                              : builder.state(name.getValue(), type, static_cast<float>(init.getValueAsDouble()));
      signature.remapInput(i, memory);
    }
    rewriter.applySignatureConversion(block, signature);
    rewriter.eraseOp(model);
    return success();
  }

private:
  /// Whether a state is the keys or values of attention, and nothing else.
  static bool isKeys(Value state) {
    return !state.use_empty() &&
           llvm::all_of(state.getUsers(), [](Operation *user) { return isa<lm::AttentionOp>(user); }) &&
           cast<RankedTensorType>(state.getType()).getElementType().isF32();
  }

  kernel::Target target;
  bool smallKeys;
};

/// The last token's logits go where the caller wants them; finishFunction spares the copy where it can.
struct ConvertReturn : OpConversionPattern<lm::ReturnOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(lm::ReturnOp op, OpAdaptor in, ConversionPatternRewriter &rewriter) const override {
    KernelBuilder builder(rewriter, op);
    Value logits = in.getOperands().front();
    auto type = MemRefType::get(cast<MemRefType>(logits.getType()).getShape(), rewriter.getF32Type());
    builder.call("copy", {logits, rewriter.create<kernel::LogitsOp>(op.getLoc(), type)});
    rewriter.eraseOp(op);
    return success();
  }
};

class ConvertLMToKernel : public ::xlstm::impl::ConvertLMToKernelBase<ConvertLMToKernel> {
public:
  using ConvertLMToKernelBase::ConvertLMToKernelBase;

  void runOnOperation() override {
    for (lm::ModelOp model : llvm::to_vector(getOperation().getOps<lm::ModelOp>()))
      if (model.getFirstStateArgument() != model.getNumArguments() && failed(convertModel(model)))
        return signalPassFailure();
  }

private:
  LogicalResult convertModel(lm::ModelOp model);
};

/// One lm.param a name: later ones are the first.
void shareWeights(lm::ModelOp model) {
  llvm::StringMap<lm::ParamOp> first;
  for (lm::ParamOp param : llvm::make_early_inc_range(model.getBody().getOps<lm::ParamOp>())) {
    auto [it, isNew] = first.try_emplace(param.getName(), param);
    if (isNew)
      continue;
    param.replaceAllUsesWith(it->second.getResult());
    param.erase();
  }
}

LogicalResult checkOps(lm::ModelOp model, RewritePatternSet &patterns, kernel::Target target) {
  llvm::DenseSet<OperationName> known;
  for (const auto &pattern : patterns.getNativePatterns())
    known.insert(*pattern->getRootKind());
  for (Operation &op : model.getBody().front())
    if (!known.contains(op.getName()))
      return isa<lm::LayerOp>(op) ? op.emitOpError() << "expects --xlstm-inline-layers to have run"
                                  : op.emitOpError() << "has no kernel on " << kernel::stringifyTarget(target);
  return success();
}

LogicalResult ConvertLMToKernel::convertModel(lm::ModelOp model) {
  RewritePatternSet patterns(&getContext());
  populateKernelPatterns(patterns, {target, panels});
  patterns.add<ConvertReturn>(&getContext());
  if (panels && target != kernel::Target::Cpu)
    return model.emitOpError() << "expects panels on the CPU alone";
  if (smallKeys && target != kernel::Target::Cpu)
    return model.emitOpError() << "expects small keys on the CPU alone: elsewhere they have the type of activations";
  if (failed(checkForCompilation(model)) || failed(checkOps(model, patterns, target)))
    return failure();
  shareWeights(model);
  patterns.add<ConvertModel>(&getContext(), target, smallKeys);
  ConversionTarget legal(getContext());
  legal.addLegalDialect<kernel::KernelDialect>();
  StringAttr name = model.getSymNameAttr();
  if (failed(applyFullConversion(model, legal, std::move(patterns))))
    return failure();
  auto function = cast<kernel::FuncOp>(SymbolTable::lookupSymbolIn(getOperation(), name));
  finishFunction(function);
  return mlir::verify(function); // a type without a kernel is said here
}

} // namespace
