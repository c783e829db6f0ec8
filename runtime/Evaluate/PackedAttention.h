//===- PackedAttention.h - full attention, a document at a time -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: B rows, T tokens, H query heads, Hkv key heads, d channels, N documents. The tokens of all rows are counted
// on from one row to the next.

#ifndef XLSTM_RUNTIME_EVALUATE_PACKEDATTENTION_H
#define XLSTM_RUNTIME_EVALUATE_PACKEDATTENTION_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// The documents of some rows in order.
struct PackedDocuments {
  std::vector<int64_t> starts; // the first token of each, then the number of tokens
  at::Tensor starts_N1;        // the same where attention runs, int32
  int64_t longest = 0;         // tokens of one; 0: a document is not in one piece, or there are too many tokens
};

/// host_BT: where each token's document begins in its row, on the host, int64 and dense.
PackedDocuments packDocuments(const at::Tensor &host_BT, c10::Device device);

/// Whether LibTorch has a kernel that takes documents of different lengths in one call.
bool hasPackedKernel(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd, double scale);

/// Causal attention within documents, [B, T, H, d]: that kernel on CUDA, one call a document elsewhere.
at::Tensor attendPacked(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd,
                        const PackedDocuments &documents, double scale);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_PACKEDATTENTION_H
