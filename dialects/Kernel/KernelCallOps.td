//===- KernelCallOps.td - every kernel of a compiled model ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: B rows, T tokens, H query heads, Hkv key heads, d head channels, m features, dv value channels, W window,
// S sinks. `tokens` and `rows` stand for all leading dimensions together.

#ifndef KERNEL_CALL_OPS_TD
#define KERNEL_CALL_OPS_TD

include "dialects/Kernel/KernelBase.td"

// Activations f32 on the CPU, weights as they are stored; on CUDA one type of both.
class WeightedCall<string mnemonic, list<KernelView> v, list<KernelNumber> n = []> : KernelCall<mnemonic, v, n> {
  let types = ["A", "W"];
  let cpu = [["f32", "f32"], ["f32", "bf16"], ["f32", "f16"]];
  let cuda = [["f32", "f32"], ["bf16", "bf16"]];
  let cpuSuffix = "W";
  let cudaTypes = ["A"];
}
// One type of activations.
class ActivationCall<string mnemonic, list<KernelView> v, list<KernelNumber> n = []> : KernelCall<mnemonic, v, n> {
  let types = ["A"];
  let cpu = [["f32"]];
  let cuda = [["f32"], ["bf16"]];
  let cudaTypes = ["A"];
}

//===----------------------------------------------------------------------===//
// Embedding, projections, norms
//===----------------------------------------------------------------------===//

def Kernel_EmbedOp : WeightedCall<"embed", [
    In<"ids", "tokens", "i64">, In<"table", "vocab dim", "W">, Out<"y", "tokens dim", "A">]> {
  let summary = "rows of the embedding table";
  let description = "y[t] = table[ids[t]]; an id outside [0, vocab) gives zeros.";
  let grows = ["tokens"];
  let sizes = ["tokens", "vocab", "dim"];
}

def Kernel_LinearOp : KernelCall<"linear", [
    In<"x", "rows in", "X">, In<"w", "out in", "W">, OptionalIn<"bias", "out", "W">,
    OptionalIn<"residual", "rows out", "Y">, Out<"y", "rows out", "Y">]> {
  let summary = "a projection, with what is added to it";
  let description = [{
    y = x w^T + bias + residual. On CUDA a few rows go through kernels that read w once, more through cuBLASLt; the first
    call of a shape chooses an algorithm and must not be captured in a graph. `beside`: the call in front of this one was
    one of the same x, and this one reads nothing that it wrote, so a few rows need not wait for it.
  }];
  let grows = ["rows"];
  let sizes = ["rows", "in", "out"];
  let types = ["X", "W", "Y"];
  let cpu = [["f32", "f32", "f32"], ["f32", "bf16", "f32"], ["f32", "f16", "f32"]];
  let cuda = [["f32", "f32", "f32"], ["bf16", "bf16", "bf16"], ["bf16", "bf16", "f32"], ["bf16", "f32", "f32"]];
  let cpuSuffix = "W";
  let cudaTypes = ["X", "W", "Y"];
  let cudaMemory = ["workspace"];
  let cudaVariants = ["beside"];
}

// Weights in panels: numbers of one row and 32 neighbouring columns are one element, of the type that says how.
defvar Kernel_PanelTypes = ["f32p", "bf16p", "f16p", "q8p", "q4p", "q4mp"];

def Kernel_EmbedPanelsOp : KernelCall<"embed_panels", [
    In<"ids", "tokens", "i64">, In<"table", "vocab dim/32", "W">, Out<"y", "tokens dim", "f32">]> {
  let summary = "rows of an embedding table in panels";
  let description = "y[t] = table[ids[t]]; an id outside [0, vocab) gives zeros.";
  let grows = ["tokens"];
  let sizes = ["tokens", "vocab", "dim"];
  let types = ["W"];
  let cpu = !foreach(t, Kernel_PanelTypes, [t]);
  let cpuSuffix = "W";
}

def Kernel_LinearPanelsOp : KernelCall<"linear_panels", [
    In<"x", "rows in", "f32">, In<"w", "out in/32", "W">, OptionalIn<"bias", "out", "f32">,
    OptionalIn<"residual", "rows out", "f32">, Out<"y", "rows out", "f32">]> {
  let summary = "a projection of weights in panels";
  let description = [{
    y = x w^T + bias + residual. Where w is of small integers, x is made int8 first, 32 neighbours with one scale, and
    products are summed as integers within a block.
  }];
  let grows = ["rows"];
  let sizes = ["rows", "in", "out"];
  let types = ["W"];
  let cpu = !foreach(t, Kernel_PanelTypes, [t]);
  let cpuSuffix = "W";
}

def Kernel_RmsNormOp : WeightedCall<"rms_norm", [
    In<"x", "groups | group n", "A">, In<"w", "n", "W">, Out<"y", "groups group n", "A">], [F32Number<"eps">]> {
  let summary = "root-mean-square norm of rows of n";
  let description = "y = x / sqrt(mean(x^2) + eps) * w. `group` rows lie side by side, groups x_stride apart.";
  let grows = ["groups"];
  let sizes = ["groups", "group", "n"];
}

//===----------------------------------------------------------------------===//
// Elementwise, copies
//===----------------------------------------------------------------------===//

def Kernel_SwigluOp : ActivationCall<"swiglu", [
    In<"gate", "rows | n", "A">, In<"up", "rows | n", "A">, Out<"y", "rows n", "A">]> {
  let summary = "gated activation";
  let description = "y = gate * sigmoid(gate) * up.";
  let grows = ["rows"];
  let sizes = ["rows", "n"];
}

def Kernel_AddOp : ActivationCall<"add", [In<"a", "n", "A">, In<"b", "n", "A">, Out<"y", "n", "A">]> {
  let summary = "sum";
  let description = "y = a + b.";
  let grows = ["n"];
  let sizes = ["n"];
  let inPlace = ["y=a", "y=b"];
}

def Kernel_ScaleOp : ActivationCall<"scale", [In<"x", "n", "A">, Out<"y", "n", "A">], [F32Number<"factor">]> {
  let summary = "product with a constant";
  let description = "y = factor * x.";
  let grows = ["n"];
  let sizes = ["n"];
  let inPlace = ["y=x"];
}

def Kernel_CopyOp : ActivationCall<"copy", [In<"x", "rows | n", "A">, Out<"y", "rows | n", "A">]> {
  let summary = "rows moved";
  let description = "y = x. Stands in front of kernels whose rows must not lie apart, and where heads are taken and joined.";
  let grows = ["rows"];
  let sizes = ["rows", "n"];
}

def Kernel_LastOp : KernelCall<"last", [In<"x", "B T n", "f32">, Out<"y", "B n", "f32">]> {
  let summary = "the last token";
  let description = [{
    y[b] = x[b, T - 1]. On the CPU what follows is computed only where the caller wants logits; elsewhere a last token is a
    view.
  }];
  let grows = ["T"];
  let sizes = ["B", "T", "n"];
  let cpu = [[]];
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

def Kernel_PositionsOp : KernelCall<"positions", [In<"pos", "B", "i32">, Out<"positions", "B T", "i32">]> {
  let summary = "positions of the tokens of a call";
  let description = "positions[b, t] = pos[b] + t.";
  let grows = ["T"];
  let cudaApart = 1;
  let sizes = ["B", "T"];
  let cpu = [[]];
  let cuda = [[]];
}

def Kernel_AdvanceOp : KernelCall<"advance", [InOut<"pos", "B", "i32">], [I64Number<"tokens">]> {
  let summary = "the end of a function: its tokens are read";
  let description = "pos[b] += tokens.";
  let grows = ["tokens"];
  let cudaApart = 1;
  let sizes = ["B"];
  let cpu = [[]];
  let cuda = [[]];
}

def Kernel_RopeOp : ActivationCall<"rope", [
    In<"x", "tokens | H d", "A">, In<"positions", "tokens", "i32">, In<"turns", "d/2", "i64">,
    Out<"y", "tokens H d", "A">], [F32Number<"factor">]> {
  let summary = "rotary position embedding";
  let description = [{
    Rotates pairs (i, i + d/2) by positions[t] * turns[i], of 2^-64 turns each and whole ones left out (Kernels/Turns.h);
    cosine and sine are multiplied by `factor`.
  }];
  let grows = ["tokens"];
  let sizes = ["tokens", "H", "d"];
}

//===----------------------------------------------------------------------===//
// Mixers
//===----------------------------------------------------------------------===//

def Kernel_AttentionOp : KernelCall<"attention", [
    In<"q", "B T | H d", "A">, In<"k", "B T | Hkv d", "A">, In<"v", "B T | Hkv dv", "A">, In<"pos", "B", "i32">,
    InOut<"ring_k", "B W Hkv d", "R">, InOut<"ring_v", "B W Hkv dv", "R">,
    OptionalInOut<"sink_k", "B S Hkv d", "R">, OptionalInOut<"sink_v", "B S Hkv dv", "R">,
    Out<"h", "B T H dv", "A">], [F32Number<"scale">]> {
  let summary = "attention over a window and sinks, with its keys as state";
  let description = [{
    T tokens after pos[b] earlier ones see the latest W keys, their own included, and the first S; each key once.
    Position p lies in slot p mod W of the rings, rounded to their type.
  }];
  let types = ["A", "R"];
  let cpu = [["f32", "f32"], ["f32", "bf16"]];
  let cuda = [["f32", "f32"], ["bf16", "bf16"]];
  let cpuSuffix = "R";
  let cudaTypes = ["A"];
  let grows = ["T"];
  let sizes = ["B", "T", "H", "Hkv", "d", "dv", "W", "S"];
  let cudaMemory = ["workspace"];
  let cudaApart = 1;
}

class FeatureMapCall<string mnemonic> : WeightedCall<mnemonic, [
    In<"x", "tokens | Hx d", "A">, In<"w", "H m d", "W">, Out<"y", "tokens H m", "A">]> {
  let grows = ["tokens"];
  let sizes = ["tokens", "Hx", "H", "d", "m"];
}
def Kernel_FeatureMapSoftmaxOp : FeatureMapCall<"feature_map_softmax"> {
  let summary = "learned feature map, softmax";
  let description = "y[t, h] = softmax over m of w[h] x[t, h * Hx / H].";
}
def Kernel_FeatureMapEluOp : FeatureMapCall<"feature_map_elu"> {
  let summary = "learned feature map, 1 + elu";
  let description = "y[t, h] = 1 + elu(w[h] x[t, h * Hx / H]).";
}

def Kernel_OutputGateOp : KernelCall<"output_gate", [
    In<"q", "tokens | H d", "A">, In<"k", "tokens | Hkv d", "A">, In<"v", "tokens | Hkv d", "A">, In<"w", "H 3d", "W">,
    In<"b", "H", "W">, Out<"y", "tokens H", "f32">]> {
  let summary = "pre-activation of the output gate";
  let description = "y[t, h] = [q k v] . w[h] + b[h].";
  let grows = ["tokens"];
  let sizes = ["tokens", "H", "Hkv", "d"];
  let types = ["A", "W"];
  let cpu = [["f32", "f32"], ["f32", "bf16"], ["f32", "f16"]];
  let cuda = [["f32", "f32"], ["bf16", "f32"]];
  let cpuSuffix = "W";
  let cudaTypes = ["A"];
}

def Kernel_MlstmOp : ActivationCall<"mlstm", [
    In<"q", "B T H m", "A">, In<"k", "B T H m", "A">, In<"v", "B T | Hkv dv", "A">, OptionalIn<"i_gate", "B T H", "f32">,
    OptionalIn<"f_gate", "B T H", "f32">, InOut<"S", "B H m dv", "f32">, InOut<"z", "B H m", "f32">,
    InOut<"max", "B H", "f32">, Out<"h", "B T H dv", "A">], [I64Number<"chunk">]> {
  let summary = "matrix memory with its state";
  let description = [{
    xlstm.mlstm; `max` is its running maximum (-inf at a document's start), T is cut into chunks of `chunk`. No gates:
    linear attention.
  }];
  let grows = ["T"];
  let sizes = ["B", "T", "H", "Hkv", "m", "dv"];
}

def Kernel_GatedDeltaOp : ActivationCall<"gated_delta", [
    In<"q", "B T H m", "A">, In<"k", "B T Hkv m", "A">, In<"v", "B T Hkv dv", "A">, In<"write", "B T H", "f32">,
    In<"decay", "B T H", "f32">, InOut<"S", "B H m dv", "f32">, Out<"h", "B T H dv", "A">]> {
  let summary = "matrix memory by the gated delta rule, with its state";
  let description = "xlstm.gated_delta, token by token.";
  let grows = ["T"];
  let sizes = ["B", "T", "H", "Hkv", "m", "dv"];
}

def Kernel_MixOp : ActivationCall<"mix", [
    In<"gate", "n", "f32">, In<"memory", "n d", "A">, In<"window", "n d", "A">, Out<"y", "n d", "A">]> {
  let summary = "gated sum of the two branches";
  let description = "y = sigmoid(gate) memory + (1 - sigmoid(gate)) window.";
  let grows = ["n"];
  let sizes = ["n", "d"];
}

def Kernel_HybridStepOp : ActivationCall<"hybrid_step", [
    In<"q", "B T | H d", "A">, In<"k", "B T | Hkv d", "A">, In<"v", "B T | Hkv d", "A">, In<"i_gate", "B T H", "f32">,
    In<"f_gate", "B T H", "f32">, In<"o_gate", "B T H", "f32">, In<"q_map", "H d d", "A">, In<"k_map", "H d d", "A">,
    OptionalIn<"turns", "d/2", "i64">, InOut<"S", "B H d d", "f32">, InOut<"z", "B H d", "f32">,
    InOut<"max", "B H", "f32">, InOut<"ring_k", "B W Hkv d", "A">, InOut<"ring_v", "B W Hkv d", "A">,
    OptionalInOut<"sink_k", "B sinks Hkv d", "A">, OptionalInOut<"sink_v", "B sinks Hkv d", "A">,
    InOut<"pos", "B", "i32">, Out<"h", "B T H d", "A">], [F32Number<"scale">, F32Number<"rope_factor">]> {
  let summary = "the hybrid mixer with its state";
  let description = [{
    xlstm.hybrid: T more tokens of B texts. `pos` is this mixer's own, and moves on by T as the rest of its state does.
    Without turns q and k are rotated already; with them T is 1.
  }];
  let grows = ["T"];
  let sizes = ["B", "T", "H", "Hkv", "d", "W", "sinks"];
  let cudaMemory = ["workspace", "zeroed"];
  let cudaApart = 1;
  let limits = ["d=256"];
  let multiples = ["d=8"];
}

#endif // KERNEL_CALL_OPS_TD
