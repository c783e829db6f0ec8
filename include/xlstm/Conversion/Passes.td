//===- Passes.td - from functions with state to native code ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_CONVERSION_PASSES_TD
#define XLSTM_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanBuffers : Pass<"xlstm-plan-buffers", "::mlir::ModuleOp"> {
  let summary = "Give every value of the functions with state its place in memory";
  let description = [{
    Works on the functions with explicit state (Build Prefill, Build Decode) of static shapes. Their layers are inlined:
    from here on a model is a straight line of ops. Then

    - every `lm.param` gets `lm.offset`, its place in the weights (one place a name, shared by all functions);
    - every state argument gets `lm.offset`, its place in the state (one place a state name). A new state is written
      over the old one, so a function that still needs the old one, or returns another one, is refused;
    - every op gets `lm.offset`, the place of its first result in the scratch memory, which values share when their
      lifetimes do not meet. `lm.split_heads`, `lm.merge_heads` and, of one row, `lm.last_token` name a part of their
      operand's place;
    - the position argument gets `lm.offset`, a place in the scratch memory that lives throughout.

    The module gets `lm.weight_bytes` and `lm.state_bytes`, every function `lm.scratch_bytes`. Places are multiples of
    64 bytes (the views' excepted).

    ```mlir
    %y = lm.linear %x, %w : ...                        // before
    %y = lm.linear %x, %w {lm.offset = 512 : i64} : ... // after
    ```
  }];
  let statistics = [
    Statistic<"numBuffers", "buffers", "values that got a place of their own">,
    Statistic<"unshared", "unshared-bytes", "scratch bytes if no two values shared a place">,
    Statistic<"scratch", "scratch-bytes", "scratch bytes of the largest function">];
}

def ConvertLMToLLVM : Pass<"convert-lm-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Turn planned functions into LLVM functions that call the CPU kernels";
  let description = [{
    Each function that `--xlstm-plan-buffers` planned becomes an LLVM function over raw memory that calls the kernels of
    include/xlstm/Kernels/Cpu.h with constant sizes:

    ```mlir
    lm.model @decode(%ids: tensor<1x1xi64>, %pos: tensor<1xi32>, %S: ... {lm.state = ..., lm.offset = 0 : i64}) -> ...
    // becomes
    llvm.func internal @decode(%weights: !llvm.ptr, %state: !llvm.ptr, %scratch: !llvm.ptr, %ids: !llvm.ptr,
                               %pos: i32, %logits: !llvm.ptr)
    ```

    Beside them come `@init_state` and, where there are both @prefill and @decode, the constant `@xlstm_model`
    (include/xlstm/Runtime/Deploy/ModelAbi.h). Functions without state have no native form and are removed. An op that
    no kernel covers is an error that names it.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ConvertLMToCuda : Pass<"convert-lm-to-cuda", "::mlir::ModuleOp"> {
  let summary = "Turn planned functions into LLVM functions that call the CUDA steps";
  let description = [{
    Each function that `--xlstm-plan-buffers` planned becomes an LLVM function of the host that enqueues one step of
    include/xlstm/Kernels/CudaSteps.h an op, with constant sizes. The first error is returned and ends it. Mixers must be
    fused (`--xlstm-fuse-hybrid`) and types set (`--xlstm-set-precision`).

    ```mlir
    lm.model @decode(%ids: tensor<8x1xi64>, %pos: tensor<8xi32>, %S: ... {lm.state = ..., lm.offset = 0 : i64}) -> ...
    // becomes
    llvm.func internal @decode(%memory: !llvm.ptr, %stream: !llvm.ptr) -> i32
    ```

    Behind the planned state come the positions that the device itself advances: that of the texts, which is the
    function's `pos`, and one of every mixer. Behind the weights come the frequencies of the ropes.

    Where there is a function of one token, the constant `@xlstm_cuda_model` describes all of them
    (include/xlstm/Runtime/Deploy/CudaModelAbi.h). Functions without state are removed. An op that no step covers is an
    error that names it.
  }];
  let options = [
    Option<"randomWeights", "random-weights", "bool", "false",
           "Describe weights that the executable makes itself, of the model's shapes (default false)">
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // XLSTM_CONVERSION_PASSES_TD
