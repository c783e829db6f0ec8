//===- LMPackOps.td - several projections as one --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_PACK_OPS_TD
#define LM_PACK_OPS_TD

include "dialects/LM/LMAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def LM_PackOp : LM_Op<"pack", [Pure]> {
  let summary = "weights one above the other";
  let description = [{
    Rows [O_i, I] or biases [O_i] of several `lm.param`, or blocks of them, as one [sum of O_i, ...]: projections of one value become one.
    Compiled models keep the parts side by side in memory, nothing is copied.

    ```mlir
    %w = lm.pack %q, %k, %v : tensor<16x8xbf16>, tensor<8x8xbf16>, tensor<8x8xbf16> to tensor<32x8xbf16>
    ```
  }];
  let arguments = (ins Variadic<LM_StoredWeight>:$parts);
  let results = (outs LM_StoredWeight:$result);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `to` type($result)";
  let hasVerifier = 1;
}

def LM_TakeBlocksOp : LM_Op<"take_blocks", [Pure]> {
  let summary = "some rows or columns of a weight";
  let description = [{
    Dimension `along` of an `lm.param` is blocks of `of` each; those that are named, in this order. Compiled models lay a
    weight out so when they are made, nothing is copied when they run.

    ```mlir
    %kept = lm.take_blocks %o [2, 3] of 16 along 1 : tensor<64x128xbf16> to tensor<64x32xbf16>
    ```
  }];
  let arguments = (ins LM_StoredWeight:$weight, DenseI64ArrayAttr:$blocks, I64Attr:$size, I64Attr:$axis);
  let results = (outs LM_StoredWeight:$result);
  let assemblyFormat = "$weight $blocks `of` $size `along` $axis attr-dict `:` type($weight) `to` type($result)";
  let hasVerifier = 1;
}

def LM_SliceOp : LM_Op<"slice", [Pure]> {
  let summary = "neighbouring channels";
  let description = [{
    Channels `offset` to `offset` + C of the last dimension; x [B, T, D], result [B, T, C].

    ```mlir
    %k = lm.slice %qkv from 16 : tensor<?x?x32xf32> to tensor<?x?x8xf32>
    ```
  }];
  let arguments = (ins LM_Float:$x, I64Attr:$offset);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x `from` $offset attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

#endif // LM_PACK_OPS_TD
