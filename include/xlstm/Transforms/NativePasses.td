//===- NativePasses.td - on the way to kernel calls and their memory ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_NATIVEPASSES_TD
#define XLSTM_TRANSFORMS_NATIVEPASSES_TD

include "xlstm/Transforms/PassOptions.td"

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

#endif // XLSTM_TRANSFORMS_NATIVEPASSES_TD
