//===- NativePasses.td - on the way to kernel calls and their memory ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_NATIVEPASSES_TD
#define XLSTM_TRANSFORMS_NATIVEPASSES_TD

include "xlstm/Transforms/PassOptions.td"

def OrderHeads : Pass<"xlstm-order-heads", "::mlir::ModuleOp"> {
  let summary = "Let heads that stay attention be neighbours";
  let description = [{
    Where heads were kept (`keep-heads`), attention and mixer take theirs out of all, and their outputs are joined. The
    rows of the projections are laid out so that each takes neighbours, which are a view; the output projection becomes
    one of each part, of the columns that are its own, so that nothing is joined:

    ```mlir
    %q = lm.linear %x, %wq : ...
    %a = lm.take_heads (lm.rope (lm.split_heads %q)) [2, 3] : ...
    %h = lm.join_heads %others, %kept [0, 1, 4, 5, 2, 3] : ...
    %o = lm.linear (lm.merge_heads %h), %wo : ...
    // becomes
    %q = lm.linear %x, (lm.take_blocks %wq [2, 3, 0, 1, 4, 5] of 16 along 0) : ...
    %a = lm.rope (lm.take_heads (lm.split_heads %q) [0, 1]) : ...
    %1 = lm.linear (lm.merge_heads %others), (lm.take_blocks %wo [0, 1, 4, 5] of 16 along 1) : ...
    %2 = lm.linear (lm.merge_heads %kept), (lm.take_blocks %wo [2, 3] of 16 along 1) : ...
    %o = lm.add %1, %2 : ...
    ```

    Works on `@model`, in front of the passes that derive functions of it; weights are laid out when an executable is
    made, a bundle keeps the teacher's order. Heads for which there is no such order stay as they are, and are copied:
    those of a key head that serves kept and other heads unevenly.
  }];
  let statistics = [Statistic<"numOrdered", "projections-ordered", "Projections whose heads are taken as views">,
                    Statistic<"numParted", "outputs-parted", "Output projections that became one a part">];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
}

def Quantize : Pass<"xlstm-quantize", "::mlir::ModuleOp"> {
  let summary = "Store weights in fewer bits";
  let description = [{
    Gives weights of projections and embedding tables the type that `rules` say: `type` for all or `pattern=type`, where a
    pattern is a weight's name with `*` for any letters and `?` for one; the last rule that fits a name counts.

    | type | bits a weight | |
    |---|---|---|
    | `f32`, `bf16`, `f16` | 32, 16, 16 | rounded to nearest |
    | `int8` | 8.5 | `!lm.block<i8, 32>` |
    | `int4` | 4.5 | `!lm.block<i4, 32>` |
    | `int4m` | 5 | `!lm.block<i4, 32, minimum>` |
    | `stored` | | as the bundle has it |

    Gates (weights with a value that they begin with), norms and biases keep their type, and so do weights of fewer than 16
    rows, or whose rows are no multiple of 32. Feature maps become bf16 where the rule says small integers. A pattern that
    fits no weight is an error.

    ```mlir
    %w = lm.param "model.layers.0.mlp.up_proj.weight" : tensor<256x64xbf16>
    // becomes, rules=int8
    %w = lm.param "model.layers.0.mlp.up_proj.weight" : tensor<256x64x!lm.block<i8, 32>>
    ```
    Works on the functions with explicit state; `@model` keeps what the weights are made of.
  }];
  let options = [ListOption<"rules", "rules", "std::string", "Types, as pattern=type; later ones win">];
  let statistics = [Statistic<"numQuantized", "weights-retyped", "Weights that got another type">];
  let dependentDialects = ["::xlstm::lm::LMDialect", "::xlstm::xlstm::XLSTMDialect"];
}

def InlineLayers : Pass<"xlstm-inline-layers", "::mlir::ModuleOp"> {
  let summary = "Make the functions with state a straight line of ops";
  let description = [{
    The bodies of `lm.layer` take the place of the layers in every function with explicit state (Build Prefill, Build
    Decode). `@model` keeps its layers.
  }];
}

def PlanMemory : Pass<"xlstm-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every weight, state and buffer its place in memory";
  let description = [{
    Every `kernel.func` gets its arenas, and what it uses a place in them: weights and states one place a name, shared by
    all functions; the parts of a `kernel.join` one behind the other; for CUDA also constants, behind the weights; buffers
    places in the scratch arena, which they share when their lifetimes do not meet, or when a kernel may write where it
    reads and nothing else reads that any more. Places are multiples of 64 bytes (a join's further parts excepted).

    ```mlir
    %y = kernel.buffer : memref<1x1x4xf32>
    // becomes
    %y = kernel.buffer : memref<1x1x4xf32> in %scratch[64] : memref<128xi8>
    ```

    The verifier follows all calls through this memory: see `kernel.func` in docs/Spec/Kernel.md.
  }];
  let statistics = [
    Statistic<"numBuffers", "buffers", "values that got a place of their own">,
    Statistic<"unshared", "unshared-bytes", "scratch bytes if no two values shared a place">,
    Statistic<"scratch", "scratch-bytes", "scratch bytes of the largest function">];
}

def PlaceMeets : Pass<"xlstm-place-meets", "::mlir::ModuleOp"> {
  let summary = "Let threads wait where one reads what another wrote";
  let description = [{
    On the CPU several threads run a function together, each its share of every kernel's output. In front of a call that
    reads bytes which calls since the last `kernel.meet` wrote, or writes bytes which they read or wrote, they meet. Runs
    behind `xlstm-plan-memory`, whose places say what overlaps.

    ```mlir
    kernel.rms_norm x(%x) w(%g) y(%n) ...
    kernel.linear x(%n) w(%w) y(%y) ...
    // becomes
    kernel.rms_norm x(%x) w(%g) y(%n) ...
    kernel.meet
    kernel.linear x(%n) w(%w) y(%y) ...
    ```
  }];
  let statistics = [Statistic<"numMeets", "meets", "Places where threads wait for one another">];
  let dependentDialects = ["::xlstm::kernel::KernelDialect"];
}

#endif // XLSTM_TRANSFORMS_NATIVEPASSES_TD
