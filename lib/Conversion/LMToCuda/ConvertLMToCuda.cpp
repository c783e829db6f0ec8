//===- ConvertLMToCuda.cpp - planned functions to calls of CUDA steps -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToCuda/CudaModelInfo.h"
#include "xlstm/Conversion/Passes.h"

namespace xlstm {
#define GEN_PASS_DEF_CONVERTLMTOCUDA
#include "lib/Conversion/Passes.h.inc"
} // namespace xlstm

using namespace mlir;
using namespace xlstm;

namespace {

class ConvertLMToCuda : public ::xlstm::impl::ConvertLMToCudaBase<ConvertLMToCuda> {
public:
  using ConvertLMToCudaBase::ConvertLMToCudaBase;

  void runOnOperation() override {
    SmallVector<lm::ModelOp> models = llvm::to_vector(getOperation().getOps<lm::ModelOp>());
    for (lm::ModelOp model : models)
      if (model.getFirstStateArgument() != model.getNumArguments() && failed(convert(model)))
        return signalPassFailure();
    if (functions.empty())
      return;
    llvm::stable_sort(functions, [](auto &a, auto &b) { return a.tokens > b.tokens; });
    OpBuilder builder(&getContext());
    if (functions.back().tokens == 1)
      buildCudaModelInfo(getOperation(), builder, functions, states, shared, randomWeights);
    getOperation()->setAttr(weightBytesAttrName, builder.getI64IntegerAttr(shared.weightBytes));
    getOperation()->setAttr(stateBytesAttrName, builder.getI64IntegerAttr(shared.stateBytes));
    for (lm::ModelOp model : models)
      model.erase();
  }

private:
  LogicalResult convert(lm::ModelOp model);
  LogicalResult begin(lm::ModelOp model);

  SmallVector<CudaFunction> functions;
  InitialStates states;
  CudaModel shared;
};

/// What the first function says about all of them.
LogicalResult ConvertLMToCuda::begin(lm::ModelOp model) {
  int64_t batch = cast<RankedTensorType>(model.getArgumentTypes()[0]).getDimSize(0);
  if (!functions.empty()) {
    if (batch == shared.batch)
      return success();
    return model.emitOpError() << "expects " << shared.batch << " rows as the functions before it, found " << batch;
  }
  auto weights = getOperation()->getAttrOfType<IntegerAttr>(weightBytesAttrName),
       state = getOperation()->getAttrOfType<IntegerAttr>(stateBytesAttrName);
  if (!weights || !state)
    return getOperation().emitError() << "expects " << weightBytesAttrName << " and " << stateBytesAttrName
                                      << " (run --xlstm-plan-buffers first)";
  shared.batch = batch;
  shared.weightBytes = weights.getInt();
  shared.stateBytes = state.getInt();
  shared.position = shared.addPosition();
  return success();
}

LogicalResult ConvertLMToCuda::convert(lm::ModelOp model) {
  if (failed(checkPlanned(model)) || failed(begin(model)))
    return failure();
  OpBuilder builder(model);
  CudaArguments arguments;
  LLVM::LLVMFuncOp function = beginStepFunction(builder, model.getLoc(), model.getSymName(), arguments);
  StepCalls calls(getOperation(), builder, arguments, shared);
  calls.bindArguments(model);
  for (Operation &op : model.getBody().front())
    if (failed(calls.emit(&op)))
      return failure();
  collectStates(model, states);
  functions.push_back({model, function, cast<RankedTensorType>(model.getArgumentTypes()[0]).getDimSize(1)});
  return success();
}

} // namespace
