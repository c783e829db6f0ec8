//===- LinearizePasses.td - from teacher to student -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_LINEARIZEPASSES_TD
#define XLSTM_TRANSFORMS_LINEARIZEPASSES_TD

include "xlstm/Transforms/MixerOptions.td"

def Linearize : Pass<"xlstm-linearize", "::mlir::ModuleOp"> {
  let summary = "Replace attention by the student's mixer";
  let description = [{
    Replaces the attention of the layers of `@model` by the mixer of docs/Method.md: an mLSTM over mapped queries and
    keys, a window branch with sinks, and an output gate between them. Everything around it stays the teacher's.

    ```mlir
    %h = lm.attention %q, %k, %v docs(%docs) {scale = 0.25 : f64} : ...
    ```
    becomes, with i and f linear in what the query projection reads, and o made of the raw projections of q, k, v
    (before q/k norms and RoPE):

    ```mlir
    %i = lm.linear %x, %i_weight bias(%i_bias) : ...
    %f = lm.linear %x, %f_weight bias(%f_bias) : ...
    %o = xlstm.output_gate %raw_q, %raw_k, %raw_v, %o_weight, %o_bias : ...
    %mapped_q = xlstm.feature_map softmax %q, %q_map : ...
    %mapped_k = xlstm.feature_map softmax %k, %k_map : ...
    %memory = xlstm.mlstm chunkwise %mapped_q, %mapped_k, %v gates(%i, %f) docs(%docs) : ...
    %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.25 : f64, sinks = 4 : i64, window = 512 : i64} : ...
    %h = xlstm.mix %o, %memory, %near : ...
    ```

    New parameters are float32, are called `model.layers.N.self_attn.{q_map,k_map,i_gate,f_gate,o_gate}.*`, and carry
    their initial value: maps the identity, gate weights 0, biases as the options say.

    Heads that `keep-heads` names stay the teacher's attention; the mixer is built for the others of their layer, over
    the key heads that these read:

    ```mlir
    %kept_q = lm.take_heads %q [2, 3] : ...
    %kept = lm.attention %kept_q, %kept_k, %kept_v docs(%docs) {scale = 0.25 : f64} : ...
    %h = lm.join_heads %others, %kept [0, 1, 4, 5, 6, 7, 2, 3] : ...
    ```

    Layers whose attention has a window of its own stay (a remark says so) unless `convert-sliding` is set. It is an
    error when a selected layer cannot be converted, is converted already, or when nothing is left to convert.
  }];
  let options = MixerOptions;
  let statistics = [Statistic<"numConverted", "layers-converted", "Layers whose attention was replaced">,
                    Statistic<"numKept", "layers-kept", "Layers left as they were">];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def ShareHeads : Pass<"xlstm-share-heads", "::mlir::ModuleOp"> {
  let summary = "Give every head a share of full attention";
  let description = [{
    Puts the window branch beside the attention of `@model`'s layers and blends both, by a new parameter a query head
    that starts at 1: `model.layers.N.self_attn.head_share` [H]. With shares of 0 and 1 one module is every student
    whose heads are kept or see a window alone, and the gradient of a loss to the shares says what each head is worth.

    ```mlir
    %share = lm.param "model.layers.0.self_attn.head_share" init 1.0 : tensor<8xf32>
    %h = xlstm.blend %share, %full, %near : ...
    ```
  }];
  let options = [
    ValueOption<"window", "window", "int64_t", "512", "Latest keys that a head sees that is not kept">,
    ValueOption<"sinks", "sinks", "int64_t", "4", "A document's first keys that it sees">,
    ListOption<"layers", "layers", "int64_t", "Indices of the layers (default all with full attention)">,
    ValueOption<"convertSliding", "convert-sliding", "bool", "false",
                "Also layers whose attention has a window of its own">];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def FuseHybrid : Pass<"xlstm-fuse-hybrid", "::mlir::ModuleOp"> {
  let summary = "Make the hybrid mixer one op, for one kernel";
  let description = [{
    Where an `xlstm.mix` joins a gated mLSTM over softmax features and a window branch, both of the same q, k, v and
    documents, all of them become one `xlstm.hybrid`. Other compositions and maps to another number of features stay.

    ```mlir
    %h, %near = xlstm.hybrid chunkwise %q, %k, %v maps(%q_map, %k_map) gates(%o, %i, %f) docs(%docs)
      {scale = 0.25 : f64, sinks = 4 : i64, window = 512 : i64} : ...
    ```

    In functions with explicit state the op takes the states of both branches, and where it is of one token also the
    `lm.rope` of q and k:

    ```mlir
    %h, %near, %new:7 = xlstm.hybrid recurrent %q, %k, %v maps(%q_map, %k_map) gates(%o, %i, %f)
      at %pos state(%S, %z, %m, %ring_k, %ring_v, %sink_k, %sink_v)
      {rope = #lm.rope<theta = 1.0e+04 : f64>, scale = 0.25 : f64, sinks = 4 : i64, window = 512 : i64} : ...
    ```
    The tools apply it to what they evaluate and train; a bundle keeps the composition.
  }];
  let options = [ValueOption<"kernelWidths", "kernel-widths", "bool", "false",
    "Only heads of the widths that the fused kernels take: multiples of 8, at most 256">];
  let statistics = [Statistic<"numFused", "mixers-fused", "Mixers that became one op">];
  let dependentDialects = ["::xlstm::xlstm::XLSTMDialect"];
}

def FuseLosses : Pass<"xlstm-fuse-losses", "::mlir::ModuleOp"> {
  let summary = "Make the head and the losses over its logits one op, so that all logits never exist at once";
  let description = [{
    Where the logits of a head go into `lm.cross_entropy` and `xlstm.sparse_kl` of the same labels and nowhere else, and
    the weighted sum of both is a loss, all of it becomes one `xlstm.head_losses`:

    ```mlir
    %logits = lm.linear %x, %w : ...
    %ce = lm.cross_entropy %logits, %labels : ...
    %kl = xlstm.sparse_kl renormalized %logits, %ids, %logprobs, %tail, %labels : ...
    %a = lm.scale %ce {factor = 0.9 : f64} : tensor<f32>
    %b = lm.scale %kl {factor = 0.1 : f64} : tensor<f32>
    %loss = lm.add %a, %b : tensor<f32>
    ```
    becomes

    ```mlir
    %loss, %ce, %kl = xlstm.head_losses renormalized %x, %w, %ids, %logprobs, %tail, %labels
      {ce_weight = 0.9 : f64, kl_weight = 0.1 : f64, logit_scale = 1.0 : f64} : ...
    ```
    An `lm.scale` between the head and the losses becomes `logit_scale`. A head with a bias stays, and so does one whose
    logits, or whose single losses, something else computes with: returned they may be.

    The tools apply it to what they train, where they apply `xlstm-fuse-hybrid`.
  }];
  let statistics = [Statistic<"numFused", "heads-fused", "Heads that became one op with their losses">];
  let dependentDialects = ["::xlstm::xlstm::XLSTMDialect"];
}

#endif // XLSTM_TRANSFORMS_LINEARIZEPASSES_TD
