//===- LMTensorOps.td - embedding, projections, norms, elementwise --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_TENSOR_OPS_TD
#define LM_TENSOR_OPS_TD

include "dialects/LM/LMAttrs.td"
include "dialects/LM/LMInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Ops with weights say which type these get.
def LM_WeightPrecision
  : DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getOperandPrecision", "getResultPrecision"]>;

def LM_EmbedOp : LM_Op<"embed", [Pure, LM_WeightPrecision]> {
  let summary = "rows of an embedding table";
  let description = "`result[b, t, :] = table[ids[b, t], :]`; ids [B, T], table [V, D], result [B, T, D].";
  let arguments = (ins LM_Tokens:$ids, LM_StoredWeight:$table);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$ids `,` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def LM_LinearOp : LM_Op<"linear", [Pure, LM_WeightPrecision]> {
  let summary = "a projection";
  let description = [{
    `result = x * transpose(weight) + bias`; x [B, T, I], weight [O, I] as safetensors store it, bias [O].

    ```mlir
    %y = lm.linear %x, %w bias(%b) : (tensor<?x?x8xf32>, tensor<4x8xbf16>, tensor<4xbf16>) -> tensor<?x?x4xf32>
    ```
  }];
  let arguments = (ins LM_Float:$x, LM_StoredWeight:$weight, Optional<LM_Weight>:$bias);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

// linear_add C3: AllTypesMatch.
def LM_LinearAddOp : LM_Op<"linear_add", [Pure, AllTypesMatch<["residual", "result"]>, LM_WeightPrecision]> {
  let summary = "a projection added to what went around it";
  let description = [{
    `result = residual + x * transpose(weight) + bias`, what `xlstm-fuse-linear` makes of `lm.linear` and `lm.add`.

    ```mlir
    %y = lm.linear_add %x, %w to %r : (tensor<?x?x8xf32>, tensor<4x8xbf16>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ```
  }];
  let arguments = (ins LM_Float:$x, LM_StoredWeight:$weight, LM_Float:$residual, Optional<LM_Weight>:$bias);
  let results = (outs LM_Float:$result);
  let assemblyFormat = [{
    $x `,` $weight `to` $residual (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def LM_RmsNormOp : LM_Op<"rms_norm", [Pure, AllTypesMatch<["x", "result"]>,
    DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getOperandPrecision"]>]> {
  let summary = "root-mean-square norm over the last dimension";
  let description = "`result = x / sqrt(mean(x^2) + eps) * weight`; x [..., N], weight [N].";
  let arguments = (ins LM_Float:$x, LM_Weight:$weight, F64Attr:$eps);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x `,` $weight attr-dict `:` type($x) `,` type($weight)";
  let hasVerifier = 1;
}

def LM_SwigluOp : LM_Op<"swiglu", [Pure, SameOperandsAndResultType]> {
  let summary = "gated activation of an MLP";
  let description = "`result = gate * sigmoid(gate) * up`, elementwise.";
  let arguments = (ins LM_Float:$gate, LM_Float:$up);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($result)";
}

def LM_AddOp : LM_Op<"add", [Pure, Commutative, SameOperandsAndResultType]> {
  let summary = "elementwise sum";
  let description = "`result = lhs + rhs`; the residual additions, and sums of losses.";
  let arguments = (ins LM_Float:$lhs, LM_Float:$rhs);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def LM_ScaleOp : LM_Op<"scale", [Pure, SameOperandsAndResultType]> {
  let summary = "product with a constant";
  let description = "`result = factor * x`, elementwise.";
  let arguments = (ins LM_Float:$x, F64Attr:$factor);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x attr-dict `:` type($result)";
}

def LM_SplitHeadsOp : LM_Op<"split_heads", [Pure]> {
  let summary = "channels into heads";
  let description = "[B, T, H*d] to [B, T, H, d]; head h takes channels h*d to (h+1)*d.";
  let arguments = (ins LM_Float:$x);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

def LM_MergeHeadsOp : LM_Op<"merge_heads", [Pure, InferTypeOpAdaptorWithIsCompatible]> {
  let summary = "heads into channels";
  let description = [{
    [B, T, H, d] to [B, T, H*d]. Its result is the layer's mixer output, what tools report as `attn_out.N`.
  }];
  let arguments = (ins LM_Float:$x);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

def LM_LastTokenOp : LM_Op<"last_token", [Pure, InferTypeOpAdaptorWithIsCompatible]> {
  let summary = "the last token of every row";
  let description = "[B, T, D] to [B, 1, D]: what a prefill needs of its logits.";
  let arguments = (ins LM_Float:$x);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

def LM_CrossEntropyOp : LM_Op<"cross_entropy", [Pure,
    DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getResultPrecision"]>]> {
  let summary = "mean cross-entropy in nats a labelled token";
  let description = [{
    Mean over tokens with a label of -log softmax(logits[b, t])[labels[b, t]]; a negative label marks a token without
    one. logits [B, T, V], labels [B, T]. A batch without labels gives 0.
  }];
  let arguments = (ins LM_Float:$logits, LM_Tokens:$labels);
  let results = (outs LM_Scalar:$loss);
  let assemblyFormat = "$logits `,` $labels attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // LM_TENSOR_OPS_TD
