//===- XLSTMLossOps.td - losses of alignment and distillation -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_LOSS_OPS_TD
#define XLSTM_LOSS_OPS_TD

include "dialects/LM/LMInterfaces.td"
include "dialects/XLSTM/XLSTMDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// A loss is float32, whatever the types of what it compares.
class XLSTM_LossOp<string mnemonic> : XLSTM_Op<mnemonic, [Pure,
    DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getResultPrecision"]>]>;

def XLSTM_AlignLossOp : XLSTM_LossOp<"align_loss"> {
  let summary = "stage I loss of one layer";
  let description = [{
    loss = mean over tokens of ||student - teacher||^2, energy = mean over tokens of ||teacher||^2, the norms over all
    heads and channels. student and teacher [B, T, H, d]. loss / energy is the layer's relative loss (paper, section 3.2).
  }];
  let arguments = (ins LM_Float:$student, LM_Float:$teacher);
  let results = (outs LM_Scalar:$loss, LM_Scalar:$energy);
  let assemblyFormat = "$student `,` $teacher attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def XLSTM_SparseKlOp : XLSTM_LossOp<"sparse_kl"> {
  let summary = "KL divergence to the teacher's stored top-k";
  let description = [{
    Mean over labelled tokens of KL(p || softmax(logits)) in nats, p the teacher. `renormalized`: over the stored k
    tokens alone, both sides renormalised over them (the paper's reading, and the default). `tail`: with one more
    bucket for all other tokens on both sides, a lower bound of the full KL. logits [B, T, V], ids and logprobs
    [B, T, K], tail [B, T] the log of the teacher's mass outside the k, labels [B, T] (negative: no label).
  }];
  let arguments = (ins LM_Float:$logits, LM_Tokens:$ids, LM_Float:$logprobs, LM_Float:$tail, LM_Tokens:$labels,
                       XLSTM_KlMode:$mode);
  let results = (outs LM_Scalar:$loss);
  let assemblyFormat = "$mode $logits `,` $ids `,` $logprobs `,` $tail `,` $labels attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def XLSTM_HeadLossesOp : XLSTM_Op<"head_losses", [Pure,
    DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getOperandPrecision", "getResultPrecision"]>]> {
  let summary = "the head with both losses of stage II";
  let description = [{
    What `xlstm-fuse-losses` makes of the head's `lm.linear`, `lm.cross_entropy` and `xlstm.sparse_kl` over its logits:
    logits = logit_scale * hidden * transpose(weight), ce and kl as those ops define them, and
    `loss = ce_weight * ce + kl_weight * kl`. Logits exist for some tokens at a time. hidden [B, T, D], weight [V, D],
    ids and logprobs [B, T, K], tail and labels [B, T]. The loss is what is differentiated: ce and kl are to be looked at.

    ```mlir
    %loss, %ce, %kl = xlstm.head_losses renormalized %x, %w, %ids, %logprobs, %tail, %labels
      {ce_weight = 0.9 : f64, kl_weight = 0.1 : f64, logit_scale = 1.0 : f64}
      : (tensor<?x?x8xf32>, tensor<32x8xf32>, tensor<?x?x?xi32>, tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<?x?xi64>)
      -> (tensor<f32>, tensor<f32>, tensor<f32>)
    ```
  }];
  let arguments = (ins LM_Float:$hidden, LM_Weight:$weight, LM_Tokens:$ids, LM_Float:$logprobs, LM_Float:$tail,
                       LM_Tokens:$labels, XLSTM_KlMode:$mode, F64Attr:$ce_weight, F64Attr:$kl_weight,
                       F64Attr:$logit_scale);
  let results = (outs LM_Scalar:$loss, LM_Scalar:$ce, LM_Scalar:$kl);
  let assemblyFormat = [{
    $mode $hidden `,` $weight `,` $ids `,` $logprobs `,` $tail `,` $labels attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // XLSTM_LOSS_OPS_TD
