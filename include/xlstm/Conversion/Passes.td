//===- Passes.td - from functions with state to native code ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_CONVERSION_PASSES_TD
#define XLSTM_CONVERSION_PASSES_TD

include "xlstm/Transforms/PassOptions.td"

def ConvertLMToKernel : Pass<"convert-lm-to-kernel", "::mlir::ModuleOp"> {
  let summary = "Turn functions with state into kernel calls over memory";
  let description = [{
    Each function with explicit state and static shapes, its layers inlined, becomes a `kernel.func`: an op is the calls of
    the kernels that compute it, a tensor a `kernel.buffer`, a weight a `kernel.weight`, a state a `kernel.state` that is
    updated where it lies (so a function that still needs the old one, or returns another one, is refused). Heads, slices
    and last tokens are views. Where a kernel wants its rows side by side and they are not, a `kernel.copy` stands in front
    of it.

    ```mlir
    %y = lm.linear %x, %w : (tensor<1x1x8xf32>, tensor<4x8xbf16>) -> tensor<1x1x4xf32>
    // becomes
    %y = kernel.buffer : memref<1x1x4xf32>
    kernel.linear x(%x) w(%w) y(%y) : memref<1x1x8xf32>, memref<4x8xbf16>, memref<1x1x4xf32>
    ```

    With `panels` the weights of projections and embeddings on the CPU lie in the order in which its products read them
    (`!kernel.panel`), blocks of small integers among them:

    ```mlir
    %w = lm.param "up_proj.weight" : tensor<64x32x!lm.block<i8, 32>>
    // becomes
    %w = kernel.weight "up_proj.weight" : memref<64x1x!kernel.panel<q8>>
    ```

    The number of tokens read so far is a state of its own, `position`, which the function's last call advances; a fused
    mixer counts for itself. The logits are written where the caller wants them.

    Which kernels a target has, and for which types, is in dialects/Kernel/KernelCallOps.td; an op or a type without one is
    an error that names it.
  }];
  let options = [
    EnumOption<"target", "target", "::xlstm::kernel::Target", [
      EnumCase<"::xlstm::kernel::Target::Cpu", "cpu", "This kind of processor">,
      EnumCase<"::xlstm::kernel::Target::Cuda", "cuda", "An NVIDIA GPU">
    ], "Whose kernels to call">,
    Option<"panels", "panels", "bool", "false",
           "On the CPU, weights of projections and embeddings lie in panels (default false)">,
    Option<"smallKeys", "small-keys", "bool", "false",
           "On the CPU, keys and values of attention are kept as bf16 (default false)">
  ];
  let dependentDialects = ["::xlstm::kernel::KernelDialect"];
}

def ConvertKernelToLLVM : Pass<"convert-kernel-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn planned functions into LLVM functions that call kernels";
  let description = [{
    A view becomes a pointer into one of the memories, a call that of the C function of its kernel (KernelCalls.md) with
    constant sizes. On CUDA a call returns an error code; the first error is returned and ends the function.

    ```mlir
    llvm.func internal @decode(%weights: !llvm.ptr, %state: !llvm.ptr, %scratch: !llvm.ptr, %ids: !llvm.ptr,
                               %logits: !llvm.ptr)                            // cpu
    llvm.func internal @decode(%memory: !llvm.ptr, %stream: !llvm.ptr) -> i32 // cuda
    ```

    Beside them come `@init_state` and, where the functions that it needs are there, the constant that describes the model:
    `@xlstm_model` (Runtime/Deploy/ModelAbi.h: @prefill and @decode) or `@xlstm_cuda_model` (CudaModelAbi.h: a function of
    one token). Functions that were not planned have no native form and are removed.
  }];
  let options = [
    Option<"randomWeights", "random-weights", "bool", "false",
           "Describe weights that the executable makes itself, of the model's shapes (default false)">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // XLSTM_CONVERSION_PASSES_TD
