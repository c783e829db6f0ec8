//===- BuildPasses.td - one function a purpose, derived from @model -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_BUILDPASSES_TD
#define XLSTM_TRANSFORMS_BUILDPASSES_TD

include "xlstm/Transforms/MixerOptions.td"

def BuildAlign : Pass<"xlstm-build-align", "::mlir::ModuleOp"> {
  let summary = "Derive the stage I function from a teacher";
  let description = [{
    Writes `@align` beside the teacher's `@model`. The hidden stream stays the teacher's; beside the attention of every
    layer that `xlstm-linearize` with the same options would convert stands the student's mixer, and what leaves both
    before the output projection is compared.

    ```mlir
    lm.model @align(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>)
      -> (tensor<f32> {lm.name = "loss"}, tensor<f32> {lm.name = "layers.0.loss"},
          tensor<f32> {lm.name = "layers.0.energy"}, tensor<f32> {lm.name = "layers.0.window_loss"}, ...)
    ```
    `energy` is the mean of ||h_teacher||^2; `window_loss` the loss of the window branch alone (o = 0). `loss`, which
    training minimises, is the sum over the layers of each loss divided by its constant in `energies`:

    ```mlir
    %0 = lm.scale %layers#1 {factor = 0.5 : f64} : tensor<f32> // energies=2.0,4.0
    %1 = lm.scale %layers_1#1 {factor = 0.25 : f64} : tensor<f32>
    %loss = lm.add %0, %1 : tensor<f32>
    ```
  }];
  let options = MixerOptions # [
    ListOption<"energies", "energies", "double",
               "What each aligned layer's loss is divided by, in order (default: nothing, the plain sum)">];
  let statistics = [Statistic<"numAligned", "layers-aligned", "Layers with a student mixer beside the teacher's attention">];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def BuildDistill : Pass<"xlstm-build-distill", "::mlir::ModuleOp"> {
  let summary = "Derive the stage II function from a student";
  let description = [{
    Writes `@distill` beside `@model`: cross-entropy of the next token and the sparse KL to the teacher's stored top-k.

    ```mlir
    lm.model @distill(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>, %labels: tensor<?x?xi64>,
                      %top_ids: tensor<?x?x?xi32>, %top_logprobs: tensor<?x?x?xf32>, %tail: tensor<?x?xf32>)
      -> (tensor<f32> {lm.name = "loss"}, tensor<f32> {lm.name = "ce"}, tensor<f32> {lm.name = "kl"})
    ```
    `loss` = ce-weight * ce + kl-weight * kl.
  }];
  let options = [
    ValueOption<"ceWeight", "ce-weight", "double", "0.9", "Weight of the cross-entropy">,
    ValueOption<"klWeight", "kl-weight", "double", "0.1", "Weight of the KL divergence to the teacher">,
    EnumOption<"klMode", "kl-mode", "::xlstm::xlstm::KlMode", [
      EnumCase<"::xlstm::xlstm::KlMode::Renormalized", "renormalized", "Both sides renormalised over the top-k">,
      EnumCase<"::xlstm::xlstm::KlMode::Tail", "tail", "One more bucket for all other tokens">
    ], "What the KL does with the mass outside the top-k">
  ];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def BuildPrefill : Pass<"xlstm-build-prefill", "::mlir::ModuleOp"> {
  let summary = "Derive the function that reads a prompt, with explicit state";
  let description = [{
    Writes `@prefill` beside `@model`, teacher or student: T tokens that follow `pos` earlier ones, with the state of
    every layer as arguments and results. The caller advances `pos`; mLSTMs are in chunkwise form.

    ```mlir
    lm.model @prefill(%ids: tensor<?x?xi64>, %pos: tensor<?xi32>,
                      %s: tensor<?x4x16x16xf32> {lm.init = 0.0 : f32, lm.state = "layers.0.S"}, ...)
      -> (tensor<?x1x256xf32> {lm.name = "logits"}, tensor<?x4x16x16xf32> {lm.name = "layers.0.S"}, ...)
    ```
    Attention without a window keeps the last `context` keys; it is the teacher's own as long as no more came.
  }];
  let options = [
    ValueOption<"batch", "batch", "int64_t", "-1", "Rows B, -1 for any number">,
    ValueOption<"tokens", "tokens", "int64_t", "-1", "Tokens T a call, -1 for any number">,
    ValueOption<"context", "context", "int64_t", "0",
                "Keys that attention without a window keeps, 0 for the model's context_length">,
    EnumOption<"logits", "logits", "::xlstm::LogitsKind", [
      EnumCase<"::xlstm::LogitsKind::Last", "last", "Those of the last token, [B, 1, V]">,
      EnumCase<"::xlstm::LogitsKind::All", "all", "Those of every token, [B, T, V]">
    ], "Whose logits to return">,
    ValueOption<"chunk", "chunk", "int64_t", "0", "Tokens a chunk of the mLSTMs, 0 for as in @model">,
    Option<"function", "name", "std::string", "\"prefill\"",
           "Name of the function, so that there can be several (default prefill)">
  ];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def BuildDecode : Pass<"xlstm-build-decode", "::mlir::ModuleOp"> {
  let summary = "Derive the function of one token, with explicit state";
  let description = [{
    Writes `@decode` beside `@model`: as `@prefill` of `xlstm-build-prefill` with T = 1, the same states in the same
    order, and mLSTMs in recurrent form. With `many` it is `@decode_many`: a token of each of up to B texts that have
    nothing to do with one another (`rows_apart`), as a server decodes them together.
  }];
  let options = [
    ValueOption<"batch", "batch", "int64_t", "-1", "Rows B, -1 for any number">,
    ValueOption<"many", "many", "bool", "false", "Rows are texts of their own">,
    ValueOption<"context", "context", "int64_t", "0",
                "Keys that attention without a window keeps, 0 for the model's context_length">
  ];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def SetPrecision : Pass<"xlstm-set-precision", "::mlir::ModuleOp"> {
  let summary = "Set the type of activations and weights";
  let description = [{
    Activations get the type `type`, and so do the weights that they meet: those of embedding, projections, norms and
    feature maps. Gate pre-activations and their weights, the states S, z and m of mLSTMs, and logits are float32 always.
    Rings and sinks have the type of the keys that they hold.

    ```mlir
    %q = lm.linear %x, %w : (tensor<1x1x64xf32>, tensor<64x64xf16>) -> tensor<1x1x64xf32>    // before
    %q = lm.linear %x, %w : (tensor<1x1x64xbf16>, tensor<64x64xbf16>) -> tensor<1x1x64xbf16> // after, type=bf16
    %i = lm.linear %x, %g : (tensor<1x1x64xbf16>, tensor<4x64xf32>) -> tensor<1x1x4xf32>
    ```
    `functions` are those that are changed; by default all with explicit state. @align and @distill may be: their losses
    stay float32, and what is trained stays float32 in the store of parameters, rounded where it is read. What the weights
    are converted from stands in @model.
  }];
  let options = [
    EnumOption<"type", "type", "::xlstm::Precision", [
      EnumCase<"::xlstm::Precision::F32", "f32", "float32">,
      EnumCase<"::xlstm::Precision::BF16", "bf16", "bfloat16">
    ], "Type of activations and weights">,
    ListOption<"functions", "functions", "std::string", "Names of functions (default all with explicit state)">
  ];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def StoreWeights : Pass<"xlstm-store-weights", "::mlir::ModuleOp"> {
  let summary = "Set the float type that weights are stored in";
  let description = [{
    Every `lm.param` of floats gets the type `type`, gates, norms and biases too: what a merge writes (`dtype` and
    `out_dtype` of mergekit). Activations keep theirs, so each op reads the rounded weights and computes as before.

    ```mlir
    %w = lm.param "model.norm.weight" : tensor<64xf32>
    // becomes, type=bf16
    %w = lm.param "model.norm.weight" : tensor<64xbf16>
    ```
  }];
  let options = [
    EnumOption<"type", "type", "::xlstm::Precision", [
      EnumCase<"::xlstm::Precision::F32", "f32", "float32">,
      EnumCase<"::xlstm::Precision::BF16", "bf16", "bfloat16">,
      EnumCase<"::xlstm::Precision::F16", "f16", "float16">
    ], "Type of the stored weights">
  ];
  let statistics = [Statistic<"numRetyped", "weights-retyped", "Weights that got another type">];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

def FuseLinear : Pass<"xlstm-fuse-linear", "::mlir::ModuleOp"> {
  let summary = "Add residuals within projections";
  let description = [{
    A projection that only an addition reads takes the other summand in:

    ```mlir
    %o = lm.linear %m, %w : ...
    %r = lm.add %h, %o : tensor<1x1x64xbf16>
    // becomes
    %r = lm.linear_add %m, %w to %h : ...
    ```
    Works on the functions with explicit state.
  }];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

def PackLinear : Pass<"xlstm-pack-linear", "::mlir::ModuleOp"> {
  let summary = "Make projections of one value one projection";
  let description = [{
    Query, key and value, gate and up: projections of one value, with weights of one type that nothing else reads, become
    one product with the weights one above the other, and slices of it. Only where what reads them takes rows that lie
    apart (heads, norms, swiglu), and where every part has a multiple of 8 rows. Other projections of one value follow one
    another, so that they can run beside one another.

    ```mlir
    %k = lm.linear %x, %wk : ...
    %v = lm.linear %x, %wv : ...
    // becomes
    %w = lm.pack %wk, %wv : tensor<8x16xbf16>, tensor<8x16xbf16> to tensor<16x16xbf16>
    %kv = lm.linear %x, %w : ...
    %k = lm.slice %kv from 0 : tensor<1x1x16xf32> to tensor<1x1x8xf32>
    %v = lm.slice %kv from 8 : tensor<1x1x16xf32> to tensor<1x1x8xf32>
    ```
    Works on the functions with explicit state.
  }];
  let statistics = [Statistic<"numPacked", "projections-packed", "Projections that became a part of one">];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

#endif // XLSTM_TRANSFORMS_BUILDPASSES_TD
