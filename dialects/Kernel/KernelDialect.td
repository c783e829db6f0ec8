//===- KernelDialect.td - the kernel dialect: calls over memory -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef KERNEL_DIALECT_TD
#define KERNEL_DIALECT_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::xlstm::kernel";
  let summary = "A model as calls of kernels over memory";
  let description = [{
    Between tensors and machine code: `convert-lm-to-kernel` makes a straight line of kernel calls of every function with
    state, over views of memory. A kernel writes what it makes into a view that it is given. `xlstm-plan-memory` gives
    every buffer, weight and state its place in one of three blocks of memory (arenas); from then on the verifier checks
    that nothing is read which another value has overwritten. `convert-kernel-to-llvm` makes calls of C functions of it.

    What a kernel is called, takes, requires and computes is written once, in dialects/Kernel/KernelCallOps.td. Its op,
    its C prototypes (xlstm/Kernels/CpuCalls.h, CudaCalls.h), its checks, its call and its page in docs/generated are made
    from that.
  }];
}

def Kernel_Target : I32EnumAttr<"Target", "where kernels run", [
    I32EnumAttrCase<"Cpu", 0, "cpu">, I32EnumAttrCase<"Cuda", 1, "cuda">]> {
  let cppNamespace = "::xlstm::kernel";
}

def Kernel_Arena : I32EnumAttr<"Arena", "a block of memory", [
    I32EnumAttrCase<"Weights", 0, "weights">, I32EnumAttrCase<"State", 1, "state">,
    I32EnumAttrCase<"Scratch", 2, "scratch">, I32EnumAttrCase<"Workspace", 3, "workspace">,
    I32EnumAttrCase<"Zeroed", 4, "zeroed">]> {
  let cppNamespace = "::xlstm::kernel";
}

#endif // KERNEL_DIALECT_TD
