//===- ONNXNodeOps.td - the operators of ONNX that teachers contain -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line an operator. `attrs` lists "name:kind": i integer, f float, s string, I integers, F floats, t tensor, and
// "name:kind!" where the operator must have it.

#ifndef ONNX_NODE_OPS_TD
#define ONNX_NODE_OPS_TD

include "dialects/ONNX/ONNXDialect.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ONNX_NodeTrait : NativeOpTrait<"Node"> {
  let cppNamespace = "::xlstm::onnx";
}

class ONNX_Node<string name, int least, int most, string attrs = "", int mostOutputs = 1> : ONNX_Op<name, [Pure, ONNX_NodeTrait]> {
  let summary = "the ONNX operator " # name;
  let arguments = (ins Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration =
    "static constexpr NodeInfo nodeInfo{" # least # ", " # most # ", " # mostOutputs # ", \"" # attrs # "\"};";
}

// Elementwise.
def ONNX_AddOp : ONNX_Node<"Add", 2, 2>;
def ONNX_SubOp : ONNX_Node<"Sub", 2, 2>;
def ONNX_MulOp : ONNX_Node<"Mul", 2, 2>;
def ONNX_DivOp : ONNX_Node<"Div", 2, 2>;
def ONNX_PowOp : ONNX_Node<"Pow", 2, 2>;
def ONNX_MaxOp : ONNX_Node<"Max", 1, 8>;
def ONNX_MinOp : ONNX_Node<"Min", 1, 8>;
def ONNX_EqualOp : ONNX_Node<"Equal", 2, 2>;
def ONNX_LessOp : ONNX_Node<"Less", 2, 2>;
def ONNX_LessOrEqualOp : ONNX_Node<"LessOrEqual", 2, 2>;
def ONNX_GreaterOp : ONNX_Node<"Greater", 2, 2>;
def ONNX_GreaterOrEqualOp : ONNX_Node<"GreaterOrEqual", 2, 2>;
def ONNX_AndOp : ONNX_Node<"And", 2, 2>;
def ONNX_OrOp : ONNX_Node<"Or", 2, 2>;
def ONNX_NotOp : ONNX_Node<"Not", 1, 1>;
def ONNX_NegOp : ONNX_Node<"Neg", 1, 1>;
def ONNX_SqrtOp : ONNX_Node<"Sqrt", 1, 1>;
def ONNX_ReciprocalOp : ONNX_Node<"Reciprocal", 1, 1>;
def ONNX_SigmoidOp : ONNX_Node<"Sigmoid", 1, 1>;
def ONNX_SwishOp : ONNX_Node<"Swish", 1, 1, "alpha:f">;
// Of onnxruntime: x * sigmoid(alpha * x), alpha 1.702 unless given.
def ONNX_MSQuickGeluOp : ONNX_Node<"microsoft.QuickGelu", 1, 1, "alpha:f">;
def ONNX_CosOp : ONNX_Node<"Cos", 1, 1>;
def ONNX_SinOp : ONNX_Node<"Sin", 1, 1>;
def ONNX_IsNaNOp : ONNX_Node<"IsNaN", 1, 1>;
def ONNX_IdentityOp : ONNX_Node<"Identity", 1, 1>;
def ONNX_CastOp : ONNX_Node<"Cast", 1, 1, "to:i! saturate:i round_mode:s">;
def ONNX_WhereOp : ONNX_Node<"Where", 3, 3>;

// Shapes and moved elements.
def ONNX_ShapeOp : ONNX_Node<"Shape", 1, 1, "start:i end:i">;
def ONNX_ReshapeOp : ONNX_Node<"Reshape", 2, 2, "allowzero:i">;
def ONNX_TransposeOp : ONNX_Node<"Transpose", 1, 1, "perm:I">;
def ONNX_UnsqueezeOp : ONNX_Node<"Unsqueeze", 2, 2>;
def ONNX_SqueezeOp : ONNX_Node<"Squeeze", 1, 2>;
def ONNX_FlattenOp : ONNX_Node<"Flatten", 1, 1, "axis:i">;
def ONNX_ExpandOp : ONNX_Node<"Expand", 2, 2>;
def ONNX_TileOp : ONNX_Node<"Tile", 2, 2>;
def ONNX_ConcatOp : ONNX_Node<"Concat", 1, 64, "axis:i!">;
def ONNX_SliceOp : ONNX_Node<"Slice", 3, 5>;
def ONNX_SplitOp : ONNX_Node<"Split", 1, 2, "axis:i num_outputs:i", 8>;
def ONNX_GatherOp : ONNX_Node<"Gather", 2, 2, "axis:i">;
def ONNX_GatherNDOp : ONNX_Node<"GatherND", 2, 2, "batch_dims:i">;
def ONNX_RangeOp : ONNX_Node<"Range", 3, 3>;
def ONNX_ConstantOfShapeOp : ONNX_Node<"ConstantOfShape", 1, 1, "value:t">;
def ONNX_TriluOp : ONNX_Node<"Trilu", 1, 2, "upper:i">;

// Sums and products.
def ONNX_CumSumOp : ONNX_Node<"CumSum", 2, 2, "exclusive:i reverse:i">;
def ONNX_ReduceMeanOp : ONNX_Node<"ReduceMean", 1, 2, "axes:I keepdims:i noop_with_empty_axes:i">;
def ONNX_ReduceSumOp : ONNX_Node<"ReduceSum", 1, 2, "axes:I keepdims:i noop_with_empty_axes:i">;
def ONNX_SoftmaxOp : ONNX_Node<"Softmax", 1, 1, "axis:i">;
def ONNX_MatMulOp : ONNX_Node<"MatMul", 2, 2>;
def ONNX_GemmOp : ONNX_Node<"Gemm", 2, 3, "alpha:f beta:f transA:i transB:i">;

// Fused blocks.
def ONNX_RMSNormalizationOp : ONNX_Node<"RMSNormalization", 2, 2, "axis:i epsilon:f stash_type:i">;
def ONNX_SimplifiedLayerNormalizationOp
  : ONNX_Node<"SimplifiedLayerNormalization", 2, 2, "axis:i epsilon:f stash_type:i", 2>;
def ONNX_RotaryEmbeddingOp
  : ONNX_Node<"RotaryEmbedding", 3, 4, "interleaved:i num_heads:i rotary_embedding_dim:i">;
def ONNX_AttentionOp
  : ONNX_Node<"Attention", 3, 7,
              "is_causal:i left_window_size:i right_window_size:i kv_num_heads:i q_num_heads:i qk_matmul_output_mode:i scale:f softcap:f softmax_precision:i", 4>;
def ONNX_MSSkipSimplifiedLayerNormalizationOp
  : ONNX_Node<"microsoft.SkipSimplifiedLayerNormalization", 3, 4, "epsilon:f", 4>;
def ONNX_MSGroupQueryAttentionOp
  : ONNX_Node<"microsoft.GroupQueryAttention", 7, 16,
              "num_heads:i! kv_num_heads:i! scale:f local_window_size:i softcap:f do_rotary:i rotary_interleaved:i "
              "smooth_softmax:i qk_output:i k_quant_type:s v_quant_type:s kv_cache_bit_width:i qk_norm_epsilon:f", 4>;
def ONNX_MSMultiHeadAttentionOp
  : ONNX_Node<"microsoft.MultiHeadAttention", 1, 10, "num_heads:i! scale:f mask_filter_value:f unidirectional:i", 4>;
def ONNX_MSRotaryEmbeddingOp
  : ONNX_Node<"microsoft.RotaryEmbedding", 4, 4,
              "interleaved:i num_heads:i rotary_embedding_dim:i is_packed_batching:i scale:f">;
// Weights of 2, 4 or 8 bits in blocks along the inner dimension, each with a scale and perhaps a zero point.
def ONNX_MSMatMulNBitsOp
  : ONNX_Node<"microsoft.MatMulNBits", 3, 6, "K:i! N:i! bits:i block_size:i accuracy_level:i weight_prepacked:i">;
def ONNX_MSGatherBlockQuantizedOp
  : ONNX_Node<"microsoft.GatherBlockQuantized", 3, 4, "bits:i block_size:i gather_axis:i quantize_axis:i">;
def ONNX_MSFusedMatMulOp : ONNX_Node<"microsoft.FusedMatMul", 2, 2, "alpha:f transA:i transB:i transBatchA:i transBatchB:i">;

#endif // ONNX_NODE_OPS_TD
