//===- LMHeadOps.td - some heads of all, and all of parts -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_HEAD_OPS_TD
#define LM_HEAD_OPS_TD

include "dialects/LM/LMAttrs.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def LM_TakeHeadsOp : LM_Op<"take_heads", [Pure]> {
  let summary = "some of the heads";
  let description = [{
    `result[b, t, i, :] = x[b, t, heads[i], :]`; x [B, T, H, d], result [B, T, C, d] of the C heads that are named, in
    this order. A head may be named more than once.

    ```mlir
    %kept = lm.take_heads %q [2, 3] : tensor<?x?x8x16xf32> to tensor<?x?x2x16xf32>
    ```
  }];
  let arguments = (ins LM_Float:$x, DenseI64ArrayAttr:$heads);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$x $heads attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

def LM_JoinHeadsOp : LM_Op<"join_heads", [Pure]> {
  let summary = "heads of several parts as one";
  let description = [{
    Parts [B, T, H_i, d] as one [B, T, H, d], H the sum of H_i. `heads` has a place for every head of the parts, one
    part behind another: the head of the result that it becomes.

    ```mlir
    %h = lm.join_heads %rest, %kept [0, 1, 4, 5, 2, 3]
      : tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32> to tensor<?x?x6x16xf32>
    ```
  }];
  let arguments = (ins Variadic<LM_Float>:$parts, DenseI64ArrayAttr:$heads);
  let results = (outs LM_Float:$result);
  let assemblyFormat = "$parts $heads attr-dict `:` type($parts) `to` type($result)";
  let hasVerifier = 1;
}

#endif // LM_HEAD_OPS_TD
