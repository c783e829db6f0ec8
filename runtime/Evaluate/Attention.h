//===- Attention.h - softmax attention, full and banded, in ATen ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Letters: B rows, T tokens, H query heads, Hkv key heads, d channels, W window, S sinks. Tokens of a call count from
// 0; start_BT is where the document of a token begins, negative when that was before the call.

#ifndef XLSTM_RUNTIME_EVALUATE_ATTENTION_H
#define XLSTM_RUNTIME_EVALUATE_ATTENTION_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// Angles of rotary embedding: cos and sin [B, T, 1, d/2] of positions_BT * frequencies_C in float64,
/// times `factor`.
struct Rotation {
  at::Tensor cos, sin;
};
Rotation makeRotation(const at::Tensor &positions_BT, const at::Tensor &frequencies_C, double factor,
                      at::ScalarType type);

/// Full attention of packed rows, in blocks of queries: block n has the queries from n * block on and the keys from
/// firstKey[n] on, where the earliest of its documents begins. Empty: every row is one document.
struct CausalBlocks {
  int64_t block = 0;
  std::vector<int64_t> firstKey;
  std::vector<at::Tensor> bias; // [B, 1, queries, keys], -inf where nothing is seen
};
/// host_BT: start_BT on the host, int64 and dense.
CausalBlocks makeCausalBlocks(const at::Tensor &start_BT, const at::Tensor &host_BT, at::ScalarType type);
at::Tensor attendFull(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd,
                      const CausalBlocks &blocks, double scale);

/// How queries are cut into blocks: block n has the `block` queries from n * block on, the `before` keys before it, its
/// own, and the sinks of documents that are longer than the window. With several blocks, `before` is a multiple of
/// them.
struct Band {
  int64_t block = 0, count = 0, before = 0;
  at::Tensor sinks_BC; // token of every sink; negative: in the state. Undefined: no sinks needed
  at::Tensor bias;     // [B * count, 1, block, keys], -inf where nothing is seen
};
/// The first tokens of every document of host_BT that outgrows the window, [B, C]; undefined where there is none. A
/// column without a sink holds the number of tokens, which no query sees.
at::Tensor findSinks(const at::Tensor &host_BT, int64_t window, int64_t sinks);
/// `past` keys went before the call. `sinks_BC` as findSinks gives them, where start_BT is; undefined: none is needed.
Band makeBand(const at::Tensor &start_BT, int64_t window, int64_t past, int64_t sinks, const at::Tensor &sinks_BC,
              at::ScalarType type);
/// Keys before the call: [B, past, Hkv, d] in order of position, and one key a sink. All undefined: nothing before.
struct History {
  at::Tensor k, v, sink_k, sink_v;
};
at::Tensor attendBand(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd,
                      const History &history, const Band &band, double scale);

/// Attention of tokens that continue a document of which pos_B tokens went before; `state` (ring_k, ring_v and, with
/// sinks, sink_k, sink_v) is replaced by the new state. `longest` is the greatest of pos_B, which a host may know.
at::Tensor attendState(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd,
                       const at::Tensor &pos_B, int64_t longest, std::vector<at::Tensor> &state, int64_t window,
                       int64_t sinks, double scale);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_ATTENTION_H
