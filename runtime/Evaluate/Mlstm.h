//===- Mlstm.h - the matrix memory in its three forms, in ATen ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: B rows, T tokens, H query heads, Hkv value heads, m features, d value channels, N chunks of L tokens. S and
// z are held in one tensor [B, H, m, d + 1], z as its last column, so that numerator and denominator are one product.

#ifndef XLSTM_RUNTIME_EVALUATE_MLSTM_H
#define XLSTM_RUNTIME_EVALUATE_MLSTM_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// What tokens of a chunk see of each other and of what went before it.
struct ChunkMasks {
  int64_t chunk = 0, count = 0;
  at::Tensor sees_BNLL;    // query, key: same document, not later
  at::Tensor sums_BNLL;    // the same as 1 and 0 in float64: a product with it sums over what is seen
  at::Tensor seesPast_BNL; // the document began before the chunk
};
/// start_BT: where the document of each token begins (int64), negative when that was before the first token.
ChunkMasks makeChunkMasks(const at::Tensor &start_BT, int64_t chunk);

/// Operands of xlstm.mlstm. Gates are undefined for linear attention. With `state` (S, z, m) the tokens continue it.
struct MlstmOperands {
  at::Tensor q_BTHm, k_BTHm, v_BTKd, i_BTH, f_BTH;
  std::vector<at::Tensor> state;
};
struct MlstmResult {
  at::Tensor h_BTHd;
  std::vector<at::Tensor> state; // S, z, m after the last token; of use where the operands had a state
};

/// The running maximum m is a constant of differentiation: it is a frame that cancels in h, and S and z carry the
/// gradient of S * exp(m) and z * exp(m). One chunk of T tokens is the parallel form.
MlstmResult mlstmChunkwise(const MlstmOperands &operands, const ChunkMasks &masks);
MlstmResult mlstmRecurrent(const MlstmOperands &operands, const at::Tensor &start_BT);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_MLSTM_H
