//===- KernelStructureOps.td - functions and memory -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef KERNEL_STRUCTURE_OPS_TD
#define KERNEL_STRUCTURE_OPS_TD

include "dialects/Kernel/KernelBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Kernel_FuncOp : Kernel_Op<"func", [Symbol, IsolatedFromAbove, SingleBlock, NoTerminator, NoRegionArguments]> {
  let summary = "a function of a compiled model: a straight line of kernel calls";
  let description = [{
    Reads the ids of T more tokens of B texts and leaves the logits of the last one of each in `kernel.logits`. With
    `rows_apart` T is 1 and there is a state arena a text: a state's place is that of one row, in each of them. Kernels that
    read a state run once a row; others take as many rows as a call has.

    ```mlir
    kernel.func @decode on cpu {
      %ids = kernel.ids : memref<1x1xi64>
      %weights = kernel.arena weights : memref<4096xi8>
      %scratch = kernel.arena scratch : memref<256xi8>
      %table = kernel.weight "model.embed_tokens.weight" : memref<16x64xf32> in %weights[0] : memref<4096xi8>
      %x = kernel.buffer : memref<1x1x64xf32> in %scratch[0] : memref<256xi8>
      kernel.embed ids(%ids) table(%table) y(%x) : memref<1x1xi64>, memref<16x64xf32>, memref<1x1x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, Kernel_Target:$target, OptionalAttr<I64Attr>:$context_length,
                       UnitAttr:$rows_apart);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `on` $target attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

class Kernel_ViewOp<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, traits> {
  let results = (outs Kernel_View:$result);
}

def Kernel_IdsOp : Kernel_ViewOp<"ids"> {
  let summary = "the caller's token ids";
  let description = "[B, T] of i64; nothing writes them.";
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Kernel_LogitsOp : Kernel_ViewOp<"logits"> {
  let summary = "the caller's place for logits";
  let description = "[B, 1, V] of f32.";
  let assemblyFormat = "attr-dict `:` type($result)";
}

def Kernel_ArenaOp : Kernel_ViewOp<"arena"> {
  let summary = "a block of memory that the caller gives";
  let description = [{
    One of each kind in a function. The sizes of weights and state are those of the whole model; workspace and zeroed
    (zero between calls) are as large as the kernels ask for when they run, memref<?xi8>.
  }];
  let arguments = (ins Kernel_Arena:$kind);
  let assemblyFormat = "$kind attr-dict `:` type($result)";
  let hasVerifier = 1;
}

// What has a place in an arena once --xlstm-plan-memory has run: `in %arena[offset]`, in bytes.
class Kernel_PlacedOp<string mnemonic, dag own, string format> : Kernel_ViewOp<mnemonic> {
  let arguments = !con(own, (ins Optional<Kernel_View>:$arena, OptionalAttr<I64Attr>:$offset));
  let assemblyFormat = format # " attr-dict `:` type($result) (`in` $arena^ `[` $offset `]` `:` type($arena))?";
  let hasVerifier = 1;
}

def Kernel_BufferOp : Kernel_PlacedOp<"buffer", (ins), ""> {
  let summary = "memory for a value of this call";
  let description = "In the scratch arena; what it holds before a kernel writes it has no meaning.";
}

def Kernel_WeightOp : Kernel_PlacedOp<"weight", (ins StrAttr:$name, OptionalAttr<F32Attr>:$init,
    OptionalAttr<DenseI64ArrayAttr>:$blocks, OptionalAttr<I64Attr>:$size, OptionalAttr<I64Attr>:$axis),
    "$name (`init` $init^)? (`blocks` $blocks^ `of` $size `along` $axis)?"> {
  let summary = "a weight, by name";
  let description = [{
    One place a name in the weights arena, the same in every function. `init`: see lm.param. With blocks, the part of the
    weight that lm.take_blocks would give, which has a place of its own.

    ```mlir
    %w = kernel.weight "o_proj.weight" blocks [2, 3] of 16 along 1 : memref<64x32xbf16>
    ```
  }];
  let extraClassDeclaration = [{
    /// What has a place: the name, and the blocks where it is not whole.
    std::string partName();
  }];
}

def Kernel_StateOp : Kernel_PlacedOp<"state", (ins StrAttr:$name, F32Attr:$init), "$name `init` $init"> {
  let summary = "a state, by name";
  let description = [{
    What a function leaves there the next one finds. One place a name in the state arena, the same in every function;
    every element begins with `init`.
  }];
}

def Kernel_ConstantOp : Kernel_PlacedOp<"constant", (ins ElementsAttr:$value), "$value"> {
  let summary = "numbers that are known to the compiler";
  let description = "On CUDA behind the weights, in their arena; on the CPU a constant of the object file, with no place.";
}

def Kernel_ViewOfOp : Kernel_ViewOp<"view", [Pure]> {
  let summary = "a part of a view, or the same memory in another shape";
  let description = [{
    `offset` in bytes. It lies within what `source` spans.

    ```mlir
    %k = kernel.view %qkv at 64 : memref<1x1x32xf32> to memref<1x1x1x8xf32, strided<[32, 32, 8, 1]>>
    ```
  }];
  let arguments = (ins Kernel_View:$source, I64Attr:$offset);
  let assemblyFormat = "$source `at` $offset attr-dict `:` type($source) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_JoinOp : Kernel_ViewOp<"join", [Pure]> {
  let summary = "weights that lie one behind the other as one";
  let description = [{
    Along the first dimension. `xlstm-plan-memory` puts the parts there.

    ```mlir
    %qkv = kernel.join %q, %k, %v : memref<16x16xf32>, memref<8x16xf32>, memref<8x16xf32> to memref<32x16xf32>
    ```
  }];
  let arguments = (ins Variadic<Kernel_View>:$parts);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_MeetOp : Kernel_Op<"meet"> {
  let summary = "all threads of a team are here";
  let description = [{
    Nobody goes on before what everybody wrote in front of it can be read. Stands in functions on the CPU, where several
    threads run the same calls, each its share of every kernel (`xlstm-place-meets`).
  }];
  let assemblyFormat = "attr-dict";
}

#endif // KERNEL_STRUCTURE_OPS_TD
