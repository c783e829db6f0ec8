//===- Passes.td - pipelines, each a pass that runs others ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_PASSES_TD
#define XLSTM_PIPELINES_PASSES_TD

include "xlstm/Transforms/MixerOptions.td"

def StudentPipeline : Pass<"xlstm-student-pipeline", "::mlir::ModuleOp"> {
  let summary = "Turn a teacher into a student with all its functions";
  let description = [{
    Runs, over a module with a teacher's `@model`: `xlstm-build-align`, `xlstm-linearize` (with the same options),
    `xlstm-build-distill`, `xlstm-build-prefill`, `xlstm-build-decode`. Options of the later passes that are not
    offered here keep the defaults of their passes.
  }];
  let options = MixerOptions # [
    ValueOption<"batch", "batch", "int64_t", "-1", "Rows B of prefill and decode, -1 for any number">,
    ValueOption<"tokens", "tokens", "int64_t", "-1", "Tokens T of a prefill call, -1 for any number">,
    ValueOption<"context", "context", "int64_t", "0",
                "Keys that attention left without a window keeps, 0 for the model's context_length">
  ];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

#endif // XLSTM_PIPELINES_PASSES_TD
