//===- LMAttentionOps.td - positions, rotary embedding, attention ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_ATTENTION_OPS_TD
#define LM_ATTENTION_OPS_TD

include "dialects/LM/LMAttrs.td"
include "dialects/LM/LMInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def LM_PositionsOp : LM_Op<"positions", [Pure, AttrSizedOperandSegments, InferTypeOpAdaptorWithIsCompatible]> {
  let summary = "position of every token in its document";
  let description = [{
    With `docs(%doc_start)`: `t - doc_start[b, t]`. With `at %pos`, where the T tokens continue a document of which
    pos[b] tokens went before: `pos[b] + t`. The ids give the shape [B, T].

    ```mlir
    %p = lm.positions %ids docs(%docs) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
    %q = lm.positions %ids1 at %pos : (tensor<1x1xi64>, tensor<1xi32>) -> tensor<1x1xi32>
    ```
  }];
  let arguments = (ins LM_Tokens:$ids, Optional<LM_Positions>:$doc_start, Optional<LM_Positions>:$pos);
  let results = (outs LM_Positions:$result);
  let assemblyFormat = "$ids (`docs` `(` $doc_start^ `)`)? (`at` $pos^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def LM_RopeOp : LM_Op<"rope", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates channel pairs (i, i + d/2) of every head by the angle that `rope` gives for the token's position.
    x [B, T, H, d], positions [B, T].

    ```mlir
    %r = lm.rope %x, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : tensor<?x?x2x8xf32>, tensor<?x?xi32>
    ```
  }];
  let arguments = (ins LM_Float:$x, LM_Positions:$positions, LM_RopeAttr:$rope);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x `,` $positions attr-dict `:` type($x) `,` type($positions)";
  let hasVerifier = 1;
}

def LM_AttentionOp : LM_Op<"attention", [Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<LM_StatefulOpInterface, ["describeStates", "continueDocuments"]>,
    DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getResultPrecision"]>]> {
  let summary = "causal softmax attention, full or over a window and sinks";
  let description = [{
    `h_t = softmax_j(scale * q_t . k_j) v_j` over the keys j <= t of t's document; with `window` W only those with
    t - W < j, and with `sinks` S also the document's first S, each key once. q [B, T, H, d], k [B, T, Hkv, d],
    v [B, T, Hkv, dv], h [B, T, H, dv]; query head h reads key head h / (H / Hkv). The teachers' sliding layers, the
    student's window branch and the untrained baseline are all this op.

    With `at %pos state(...)` the tokens continue a document of which pos[b] tokens went before. The state is
    ring_k [B, W, Hkv, d], ring_v [B, W, Hkv, dv] (position p in slot p mod W) and sink_k [B, S, Hkv, d],
    sink_v [B, S, Hkv, dv]; keys are stored as this op gets them, hence rotated at their absolute positions. Where
    `cache` is set the ring is a full attention's, called cache_k and cache_v: it is exact for the first W tokens, and
    who runs the model ends there.

    ```mlir
    %h = lm.attention %q, %k, %v docs(%docs) {scale = 0.25 : f64, window = 64 : i64, sinks = 4 : i64}
      : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
    ```
  }];
  let arguments = (ins LM_Float:$q, LM_Float:$k, LM_Float:$v, Optional<LM_Positions>:$doc_start,
                       Optional<LM_Positions>:$pos, Variadic<LM_Float>:$state,
                       F64Attr:$scale, OptionalAttr<I64Attr>:$window, OptionalAttr<I64Attr>:$sinks,
                       UnitAttr:$cache);
  let results = (outs LM_Float:$h, Variadic<LM_Float>:$new_state);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`docs` `(` $doc_start^ `)`)? (`at` $pos^)? (`state` `(` $state^ `)`)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // LM_ATTENTION_OPS_TD
