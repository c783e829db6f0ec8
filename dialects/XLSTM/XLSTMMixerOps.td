//===- XLSTMMixerOps.td - feature map, gates, mlstm, mix ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_MIXER_OPS_TD
#define XLSTM_MIXER_OPS_TD

include "dialects/LM/LMAttrs.td"
include "dialects/LM/LMInterfaces.td"
include "dialects/XLSTM/XLSTMDialect.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

defvar XLSTM_States = DeclareOpInterfaceMethods<LM_StatefulOpInterface, ["describeStates", "continueDocuments"]>;
defvar XLSTM_Precision
  = DeclareOpInterfaceMethods<LM_PrecisionOpInterface, ["getOperandPrecision", "getResultPrecision"]>;

def XLSTM_FeatureMapOp : XLSTM_Op<"feature_map", [Pure, XLSTM_Precision]> {
  let summary = "learned feature map of a head's queries or keys";
  let description = [{
    `phi(x) = f(W_h x)` a query head h. x [B, T, Hx, d], weight [H, m, d], result [B, T, H, m]; query head h reads head
    h / (H / Hx) of x, so keys of a group are mapped once a query head. `softmax` is over the m features (paper,
    section 3.1); `elu` is 1 + elu, the classic positive map.

    ```mlir
    %f = xlstm.feature_map softmax %k, %w : (tensor<?x?x2x16xf32>, tensor<4x16x16xf32>) -> tensor<?x?x4x16xf32>
    ```
  }];
  let arguments = (ins LM_Float:$x, LM_Weight:$weight, XLSTM_FeatureKind:$kind);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$kind $x `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def XLSTM_OutputGateOp : XLSTM_Op<"output_gate", [Pure, XLSTM_Precision]> {
  let summary = "pre-activation of the output gate, from a head's raw projections";
  let description = [{
    `[q k v] . w_h + b_h` a query head h. q [B, T, H, d], k and v [B, T, Hkv, d] before any q/k norm and before RoPE,
    hence affine in the layer's input; weight [H, 3d], bias [H], result [B, T, H].
  }];
  let arguments = (ins LM_Float:$q, LM_Float:$k, LM_Float:$v, LM_Weight:$weight, LM_Weight:$bias);
  let results = (outs LM_Float32:$result);
  let assemblyFormat = "$q `,` $k `,` $v `,` $weight `,` $bias attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def XLSTM_MlstmOp : XLSTM_Op<"mlstm", [Pure, AttrSizedOperandSegments, XLSTM_States, XLSTM_Precision]> {
  let summary = "matrix memory with exponential input gate and sigmoid forget gate";
  let description = [{
    A query head and step, with q and k the mapped queries and keys:

        S_t = sigmoid(f_t) S_{t-1} + exp(i_t) k_t (x) v_t        z_t = sigmoid(f_t) z_{t-1} + exp(i_t) k_t
        h_t = (q_t S_t) / max(q_t . z_t, 1e-30)

    stabilised by the running maximum m_t = max(log sigmoid(f_t) + m_{t-1}, i_t), m starting at -inf; the clamp acts in
    the stabilised frame. q, k [B, T, H, m], v [B, T, Hkv, dv], pre-activations i and f [B, T, H], h [B, T, H, dv].
    Without gates (linear attention) exp(i) = sigmoid(f) = 1. State is zeroed at every document start.

    `form` says how it is evaluated, `chunk` is the chunkwise form's chunk size; all forms give the same h.

    With `state(...)` the tokens continue a document; the state is S [B, H, m, dv], z [B, H, m], m [B, H], all float32.
  }];
  let arguments = (ins LM_Float:$q, LM_Float:$k, LM_Float:$v, Optional<LM_Float32>:$i_gate, Optional<LM_Float32>:$f_gate,
                       Optional<LM_Positions>:$doc_start, Variadic<LM_Float>:$state,
                       XLSTM_Form:$form, DefaultValuedAttr<I64Attr, "64">:$chunk);
  let results = (outs LM_Float:$h, Variadic<LM_Float>:$new_state);
  let assemblyFormat = [{
    $form $q `,` $k `,` $v (`gates` `(` $i_gate^ `,` $f_gate `)`)? (`docs` `(` $doc_start^ `)`)?
    (`state` `(` $state^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def XLSTM_GatedDeltaOp : XLSTM_Op<"gated_delta", [Pure, AttrSizedOperandSegments, XLSTM_States, XLSTM_Precision]> {
  let summary = "matrix memory that overwrites what it holds for a key";
  let description = [{
    The gated delta rule (Yang et al., arXiv:2412.06464, equation 10), a query head and step:

        S_t = alpha_t (I - beta_t k_t (x) k_t) S_{t-1} + beta_t k_t (x) v_t        h_t = q_t S_t

    with alpha = sigmoid(decay), beta = sigmoid(write), and q and k divided by sqrt(|x|^2 + 1e-6) within the op. Query head
    h reads the key and value head h / (H / Hkv): q [B, T, H, m], k [B, T, Hkv, m], v [B, T, Hkv, dv], pre-activations
    [B, T, H], h [B, T, H, dv]. State is zeroed at every document start.

    `form` says how it is evaluated, `chunk` is the chunkwise form's chunk size; all forms give the same h.

    With `state(...)` the tokens continue a document; the state is S [B, H, m, dv], float32.

    ```mlir
    %h = xlstm.gated_delta chunkwise %q, %k, %v gates(%write, %decay) docs(%docs)
      : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>,
         tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
    ```
  }];
  let arguments = (ins LM_Float:$q, LM_Float:$k, LM_Float:$v, LM_Float32:$write, LM_Float32:$decay,
                       Optional<LM_Positions>:$doc_start, Variadic<LM_Float>:$state,
                       XLSTM_Form:$form, DefaultValuedAttr<I64Attr, "64">:$chunk);
  let results = (outs LM_Float:$h, Variadic<LM_Float>:$new_state);
  let assemblyFormat = [{
    $form $q `,` $k `,` $v `gates` `(` $write `,` $decay `)` (`docs` `(` $doc_start^ `)`)? (`state` `(` $state^ `)`)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def XLSTM_MixOp : XLSTM_Op<"mix", [Pure, AllTypesMatch<["memory", "window", "result"]>, XLSTM_Precision]> {
  let summary = "gated sum of the two branches";
  let description = [{
    `result = sigmoid(gate) * memory + (1 - sigmoid(gate)) * window`; gate [B, T, H], the rest [B, T, H, d].
  }];
  let arguments = (ins LM_Float32:$gate, LM_Float:$memory, LM_Float:$window);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$gate `,` $memory `,` $window attr-dict `:` type($gate) `,` type($result)";
  let hasVerifier = 1;
}

def XLSTM_BlendOp : XLSTM_Op<"blend", [Pure, AllTypesMatch<["full", "near", "result"]>, XLSTM_Precision]> {
  let summary = "a share of one attention and the rest of another, by head";
  let description = [{
    `result = share_h * full + (1 - share_h) * near`; share [H], the rest [B, T, H, d]. What `xlstm-share-heads` asks a
    head's worth with: 1 is the teacher's head, 0 the window's, and the gradient says what a head adds.
  }];
  let arguments = (ins LM_Weight:$share, LM_Float:$full, LM_Float:$near);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$share `,` $full `,` $near attr-dict `:` type($share) `,` type($result)";
  let hasVerifier = 1;
}

def XLSTM_HybridOp : XLSTM_Op<"hybrid", [Pure, AttrSizedOperandSegments, XLSTM_States, XLSTM_Precision]> {
  let summary = "the whole mixer of a layer as one op, for one kernel";
  let description = [{
    What `xlstm-fuse-hybrid` makes of softmax feature maps, a gated `xlstm.mlstm`, the window branch and `xlstm.mix` over
    the same q, k, v and documents: one pass over them forward and one back, nothing kept that is larger than h.

    `window_out` is the window branch's own output, for reports; it is not differentiated through. form and chunk are
    the mlstm's, for evaluation without the kernel.

    With `at %pos state(...)` the tokens continue a document of which pos[b] tokens went before. The state is the mlstm's
    and then the attention's: S [B, H, d, d], z [B, H, d], m [B, H], ring_k, ring_v [B, W, Hkv, d] and, where there are
    sinks, sink_k, sink_v [B, S, Hkv, d]. With `rope` q and k of the one token come before their rotary embedding, which
    the op does at pos[b].

    ```mlir
    %h, %near, %new:5 = xlstm.hybrid recurrent %q, %k, %v maps(%q_map, %k_map) gates(%o, %i, %f)
      at %pos state(%S, %z, %m, %ring_k, %ring_v) {rope = #lm.rope<theta = 1.0e+04 : f64>, scale = 0.25 : f64, window = 512 : i64}
      : ...
    ```
  }];
  let arguments = (ins LM_Float:$q, LM_Float:$k, LM_Float:$v, LM_Weight:$q_map, LM_Weight:$k_map, LM_Float32:$o_gate,
                       LM_Float32:$i_gate, LM_Float32:$f_gate, Optional<LM_Positions>:$doc_start,
                       Optional<LM_Positions>:$pos,
                       Variadic<LM_Float>:$state, F64Attr:$scale, I64Attr:$window,
                       DefaultValuedAttr<I64Attr, "0">:$sinks, XLSTM_Form:$form,
                       DefaultValuedAttr<I64Attr, "64">:$chunk, OptionalAttr<LM_RopeAttr>:$rope);
  let results = (outs LM_Float:$h, LM_Float:$window_out, Variadic<LM_Float>:$new_state);
  let assemblyFormat = [{
    $form $q `,` $k `,` $v `maps` `(` $q_map `,` $k_map `)` `gates` `(` $o_gate `,` $i_gate `,` $f_gate `)`
    (`docs` `(` $doc_start^ `)`)? (`at` $pos^)? (`state` `(` $state^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // XLSTM_MIXER_OPS_TD
