//===- TrainPasses.td - what is trained of a student ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_TRAINPASSES_TD
#define XLSTM_TRANSFORMS_TRAINPASSES_TD

include "xlstm/Transforms/PassOptions.td"

def AddLora : Pass<"xlstm-add-lora", "::mlir::ModuleOp"> {
  let summary = "Put low-rank adapters beside the projections of the layers";
  let description = [{
    Beside the projections of `@model`'s layers that `targets` names stands the product of two new weights, A [r, I] and
    B [O, r] (LoRA, Hu et al. 2021):

    ```mlir
    %y = lm.linear %x, %w : ...
    // becomes, with rank=8 and alpha=16
    %w_x = lm.linear %x, %w : ...
    %a = lm.param "model.layers.0.self_attn.q_proj.lora_A.weight" {init = "uniform"} : tensor<8x64xf32>
    %b = lm.param "model.layers.0.self_attn.q_proj.lora_B.weight" {init = 0.0 : f32} : tensor<64x8xf32>
    %a_x = lm.linear %x, %a : ...
    %d = lm.scale %a_x {factor = 2.0 : f64} : ...
    %y = lm.linear_add %d, %b to %w_x : ...
    ```
    B starts at 0, so the function is what it was. A target is the last part of a weight's name before `.weight`. Weights
    that a pass added, those of gates, get no adapter. It is an error when a target is no projection of a layer.
  }];
  let options = [
    ValueOption<"rank", "rank", "int64_t", "16", "Rank r of the adapters">,
    ValueOption<"alpha", "alpha", "double", "32", "What is added is alpha / r times their product">,
    ListOption<"targets", "targets", "std::string", "Projections, such as q_proj,v_proj (default every one of the layers)">
  ];
  let statistics = [Statistic<"numAdapters", "adapters-added", "Projections that got an adapter">];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

def RecomputeLayers : Pass<"xlstm-recompute-layers", "::mlir::ModuleOp"> {
  let summary = "Mark layers that a gradient computes once more";
  let description = [{
    Who runs a marked layer for a gradient keeps the layer's inputs until the gradient is asked for, not what it computed,
    and then runs it once more (Chen et al. 2016): a function of L layers holds the activations of one. No value changes.

    ```mlir
    %y = lm.layer 0 (%h = %x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
    // becomes
    %y = lm.layer 0 (%h = %x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> attributes {lm.recompute} {
    ```
    `functions` are those whose layers are marked; by default all without explicit state. With `every=N` it is the layers
    0, N, 2N, ...: less time, more memory.
  }];
  let options = [
    ListOption<"functions", "functions", "std::string", "Names of functions (default all without explicit state)">,
    ValueOption<"every", "every", "int64_t", "1", "Marks the layers whose index this divides">
  ];
  let statistics = [Statistic<"numMarked", "layers-marked", "Layers that a gradient computes once more">];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

#endif // XLSTM_TRANSFORMS_TRAINPASSES_TD
