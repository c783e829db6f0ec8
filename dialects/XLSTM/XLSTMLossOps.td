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

#endif // XLSTM_LOSS_OPS_TD
