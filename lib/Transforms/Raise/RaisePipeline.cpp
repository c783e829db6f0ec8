//===- RaisePipeline.cpp - from an onnx graph to a teacher ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Transforms/RaisePasses.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_RAISEPIPELINE
#include "lib/Transforms/Raise/Passes.h.inc"

namespace {

class RaisePipeline : public impl::RaisePipelineBase<RaisePipeline> {
public:
  void runOnOperation() override {
    OpPassManager passes(ModuleOp::getOperationName());
    passes.addPass(createNormaliseOnnx());
    passes.addPass(createExpandFused());
    passes.addPass(createRaiseLinear());
    passes.addPass(createRaiseRmsNorm());
    passes.addPass(createRaiseRope());
    passes.addPass(createRaiseAttention());
    passes.addPass(createRaiseGatedMlp());
    passes.addPass(createCheckRaised());
    passes.addPass(createOutlineLayers());
    passes.addPass(createNameParams());
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }
};

} // namespace
} // namespace xlstm
