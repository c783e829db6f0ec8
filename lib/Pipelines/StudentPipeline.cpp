//===- StudentPipeline.cpp - the whole rewrite as one pass ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/Passes.h"
#include "xlstm/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_STUDENTPIPELINE
#include "lib/Pipelines/Passes.h.inc"

namespace {

class StudentPipeline : public xlstm::MixerAttr::FromOptions<impl::StudentPipelineBase<StudentPipeline>> {
public:
  using FromOptions::FromOptions;

  void runOnOperation() override {
    OpPassManager passes(ModuleOp::getOperationName());
    passes.addPass(createBuildAlign(mixerOptions<BuildAlignOptions>())); // first: it reads the teacher
    passes.addPass(createLinearize(mixerOptions<LinearizeOptions>()));
    passes.addPass(createBuildDistill());
    BuildPrefillOptions prefill;
    prefill.batch = batch;
    prefill.tokens = tokens;
    prefill.context = context;
    passes.addPass(createBuildPrefill(prefill));
    BuildDecodeOptions decode;
    decode.batch = batch;
    decode.context = context;
    passes.addPass(createBuildDecode(decode));
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }

private:
  template <typename Options>
  Options mixerOptions() {
    Options options;
    copyMixer(options);
    options.layers = *layers;
    options.convertSliding = convertSliding;
    options.keepHeads = keepHeads;
    return options;
  }
};

} // namespace
} // namespace xlstm
