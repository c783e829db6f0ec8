//===- RaisePasses.td - from an onnx graph to a teacher -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_RAISEPASSES_TD
#define XLSTM_TRANSFORMS_RAISEPASSES_TD

include "mlir/Pass/PassBase.td"

class RaisePass<string flag, string summaryText> : Pass<flag, "::mlir::ModuleOp"> {
  let summary = summaryText;
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::onnx::ONNXDialect"];
}

def NormaliseOnnx : RaisePass<"xlstm-normalise-onnx", "Give an onnx graph its types and fold what does not depend on tokens"> {
  let description = [{
    Evaluates the graph's shape arithmetic for two batch sizes and lengths (attention masks all ones, caches empty) and
    writes what it learns into the graph: the type of every value; constants for whatever is the same at both sizes;
    constant targets of Reshape and Expand (0 or 1 for a dimension that stays). Drops Identity, casts between float
    types, guards against rows without keys, factors of 1, unused inputs and outputs other than the logits. A head that
    sees the last position alone sees every one.

    ```mlir
    %s = onnx.Shape %ids : (tensor<?x?xi64>) -> !onnx.unknown
    %b = onnx.Gather %s, %zero {axis = 0 : i64} : ...
    %target = onnx.Concat %b, %minus_one, %sixteen {axis = 0 : i64} : ...
    %r = onnx.Reshape %x, %target : (!onnx.unknown, !onnx.unknown) -> !onnx.unknown
    ```
    becomes
    ```mlir
    %target = onnx.initializer = dense<[0, 0, 4, 16]> : tensor<4xi64> : tensor<4xi64>
    %r = onnx.Reshape %x, %target : (tensor<?x?x64xf32>, tensor<4xi64>) -> tensor<?x?x4x16xf32>
    ```
  }];
  let statistics = [Statistic<"numFolded", "values-folded", "Values that became constants">,
                    Statistic<"numDropped", "nodes-dropped", "Nodes that changed nothing">];
}

def ExpandFused : RaisePass<"xlstm-expand-fused", "Write fused attention as the nodes that it stands for"> {
  let description = [{
    com.microsoft GroupQueryAttention, with packed or separate projections and perhaps norms of their heads, becomes
    Split, Reshape, SimplifiedLayerNormalization, Transpose, RotaryEmbedding (where it rotates) and Attention, for the
    passes that follow to raise; MultiHeadAttention likewise, and Attention over activations [B, T, C]. RotaryEmbedding
    with positions becomes one of rows gathered from its tables. The cache is empty.
  }];
  let statistics = [Statistic<"numExpanded", "nodes-expanded", "Fused nodes that were expanded">];
}

def RaiseLinear : RaisePass<"xlstm-raise-linear", "Raise embedding, projections, biases and residual sums"> {
  let description = [{
    Gather from a matrix to `lm.embed`, MatMul with a weight to `lm.linear` (also with a transposed, packed or biased
    one), sums of activations to `lm.add`. Weights become `onnx.weight`, in the layout [out, in].

    ```mlir
    %y = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x4xf32>) -> tensor<?x?x4xf32>
    ```
    becomes
    ```mlir
    %v = onnx.weight "val_1" {transposed} : tensor<4x8xf32>
    %y = lm.linear %x, %v : (tensor<?x?x8xf32>, tensor<4x8xf32>) -> tensor<?x?x4xf32>
    ```
  }];
  let statistics = [Statistic<"numRaised", "nodes-raised", "Nodes that became lm ops">];
}

def RaiseRmsNorm : RaisePass<"xlstm-raise-rms-norm", "Raise RMS norms"> {
  let description = [{
    `x / sqrt(mean(x^2) + eps) * weight` in all its spellings (Reciprocal or Div or Pow, RMSNormalization,
    SimplifiedLayerNormalization, the norm of a sum) to `lm.rms_norm`. eps is the shortest decimal that the graph's
    float32 stands for.
  }];
  let statistics = [Statistic<"numRaised", "norms-raised", "Norms that became lm.rms_norm">];
}

def RaiseRope : RaisePass<"xlstm-raise-rope", "Raise rotary position embeddings"> {
  let description = [{
    `x * cos + rotate_half(x) * sin` and RotaryEmbedding to `lm.rope`. Cosine and sine are evaluated for a few positions;
    frequencies and attention factor are recovered from their values, and theta where the frequencies are
    theta^(-2i/d).
  }];
  let statistics = [Statistic<"numRaised", "ropes-raised", "Rotations that became lm.rope">];
}

def RaiseAttention : RaisePass<"xlstm-raise-attention", "Raise attention, with its heads and masks"> {
  let description = [{
    `softmax(q * k^T * scale + mask) * v` and the operator Attention to `lm.attention`, with `lm.split_heads` and
    `lm.merge_heads` around it. How queries, keys and values are split, transposed and repeated is followed by value;
    the mask is evaluated and must be causal, or causal within a window.
  }];
  let statistics = [Statistic<"numRaised", "attentions-raised", "Attentions that became lm.attention">];
}

def RaiseGatedMlp : RaisePass<"xlstm-raise-gated-mlp", "Raise gated activations"> {
  let description = "`gate * sigmoid(gate) * up` to `lm.swiglu`.";
  let statistics = [Statistic<"numRaised", "gates-raised", "Gates that became lm.swiglu">];
}

def CheckRaised : RaisePass<"xlstm-check-raised", "Report what of a graph was not raised"> {
  let description = [{
    An error names the first node that is still one of ONNX, its scope where the exporter noted it, and what it was
    expected to belong to.
  }];
}

def OutlineLayers : RaisePass<"xlstm-outline-layers", "Make a raised graph a model of layers"> {
  let description = [{
    Follows the residual stream from the logits back to the embedding and writes `lm.model @model`: one `lm.layer` for
    every pair of attention and MLP, ops in the order that the Hugging Face import has, batch and length dynamic.
  }];
}

def NameParams : RaisePass<"xlstm-name-params", "Name weights as Hugging Face does"> {
  let description = [{
    Every `onnx.weight` becomes an `lm.param` with the name of its role; the module's `onnx.weights` says which
    initializer each is made of. A head with the content of the embedding is that embedding. `family` is set to the
    one that has such layers.
  }];
}

def NoteNodes : RaisePass<"xlstm-note-nodes", "Note on raised ops the node that they were raised from"> {
  let description = [{
    Sets `lm.node` to the name that an op's location has from the ONNX file, so that a run of the module can be compared
    with a run of the graph (`xlstm import --verify-raise`).
  }];
}

def RaisePipeline : RaisePass<"xlstm-raise-pipeline", "Turn an onnx graph into a teacher"> {
  let description = [{
    Runs `xlstm-normalise-onnx`, `xlstm-expand-fused`, `xlstm-raise-linear`, `xlstm-raise-rms-norm`,
    `xlstm-raise-rope`, `xlstm-raise-attention`, `xlstm-raise-gated-mlp`, `xlstm-check-raised`, `xlstm-outline-layers`,
    `xlstm-name-params`.
  }];
}

#endif // XLSTM_TRANSFORMS_RAISEPASSES_TD
