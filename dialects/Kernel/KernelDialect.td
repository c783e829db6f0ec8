//===- KernelDialect.td - the kernel dialect: calls over memory -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef KERNEL_DIALECT_TD
#define KERNEL_DIALECT_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
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
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypes();
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

def Kernel_PanelKind : I32EnumAttr<"PanelKind", "how a number of a weight is stored in a panel", [
    I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"BF16", 1, "bf16">, I32EnumAttrCase<"F16", 2, "f16">,
    I32EnumAttrCase<"Q8", 3, "q8">, I32EnumAttrCase<"Q4", 4, "q4">, I32EnumAttrCase<"Q4M", 5, "q4m">]> {
  let cppNamespace = "::xlstm::kernel";
  let genSpecializedAttr = 0;
}

def Kernel_PanelType : TypeDef<Kernel_Dialect, "Panel", [MemRefElementTypeInterface]> {
  let mnemonic = "panel";
  let summary = "32 neighbouring columns of a row, in a panel of rows";
  let description = [{
    The element of a weight [out, in / 32] that lies in the order in which the CPU's products read it: 16 rows at a time,
    kernels/cpu/Panels.h has the order. A number is f32, bf16 or f16; or an integer of a block of 32 that has a scale (f16):
    q8 and q4, or a scale and a minimum: q4m (`lm.block<i8, 32>`, `<i4, 32>` and `<i4, 32, minimum>` in the same number of
    bytes).

    ```mlir
    %w = kernel.weight "up_proj.weight" : memref<1536x18x!kernel.panel<q8>> // 1536 x 576
    ```
  }];
  let parameters = (ins EnumParameter<Kernel_PanelKind>:$kind);
  let assemblyFormat = "`<` $kind `>`";
  let extraClassDeclaration = [{
    /// Columns that are one element, and rows of a panel.
    static constexpr int64_t columns = 32, rows = 16;
    /// Bytes of an element, scale and minimum included.
    int64_t getBytes() const;
  }];
}

#endif // KERNEL_DIALECT_TD
