//===- LMTypes.td - types of the lm dialect -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_TYPES_TD
#define LM_TYPES_TD

include "dialects/LM/LMDialect.td"
include "mlir/IR/AttrTypeBase.td"

def LM_BlockType : TypeDef<LM_Dialect, "Block"> {
  let mnemonic = "block";
  let summary = "element type of a weight that is stored in blocks of small integers";
  let description = [{
    A number of a weight, `size` of which in a row make a block: neighbours along the last dimension, which is a multiple of
    `size`. A block of values v has one scale and perhaps one minimum, and stands for `scale * v` or, with a minimum, for
    `scale * v + minimum`. Without a minimum v is signed.

    In memory a block is its scale, its minimum where it has one, then its values: i8 as they are; of i4 the first half of
    the block in the low and the second half in the high four bits of size / 2 bytes, with 8 added where there is no minimum.
    Blocks lie one after the other in the order of the tensor's elements, without gaps. Little endian.

    ```mlir
    !lm.block<i8, 32>           // 34 bytes a block: GGUF's Q8_0
    !lm.block<i4, 32>           // 18 bytes: Q4_0
    !lm.block<i4, 32, minimum>  // 20 bytes: Q4_1
    !lm.block<i4, 128, bf16>    // a scale of another type than f16

    %w = lm.param "model.layers.0.mlp.up_proj.weight" : tensor<256x64x!lm.block<i8, 32>>
    ```
    `lm.param`, `lm.linear`, `lm.linear_add` and `lm.embed` take such weights. `xlstm-quantize` makes them; the CPU compiles
    those of 32 with scales of f16.
  }];
  let parameters = (ins "::mlir::IntegerType":$values, "int64_t":$size, "::mlir::FloatType":$scale, "bool":$minimum);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes of one block.
    int64_t getBlockBytes() const;
  }];
}

#endif // LM_TYPES_TD
