//===- Attention.cpp - softmax attention, full and banded, in ATen --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>

using at::Tensor;

namespace xlstm::evaluate {

namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();

Tensor indices(const Tensor &like, int64_t from, int64_t to) {
  return at::arange(from, to, like.options().dtype(at::kLong));
}

/// 0 where `seen`, -inf elsewhere.
Tensor biasOf(const Tensor &seen, at::ScalarType type) {
  return at::zeros(seen.sizes(), seen.options().dtype(type)).masked_fill_(seen.logical_not(), -Infinity);
}

/// Pads dimension 1 at its end with zeros up to `size`.
Tensor padTokens(const Tensor &x, int64_t size) {
  if (x.size(1) == size)
    return x;
  std::vector<int64_t> shape = x.sizes().vec();
  shape[1] = size - x.size(1);
  return at::cat({x, at::zeros(shape, x.options())}, 1);
}

Tensor tokenIndex(const Tensor &x_BTKd, const Tensor &index_BC) {
  Tensor index = index_BC.unsqueeze(-1).unsqueeze(-1);
  return index.expand({index_BC.size(0), index_BC.size(1), x_BTKd.size(2), x_BTKd.size(3)});
}

/// Tokens index_BC[b] of x_BTKd[b], for every b.
Tensor gatherTokens(const Tensor &x_BTKd, const Tensor &index_BC) {
  return x_BTKd.gather(1, tokenIndex(x_BTKd, index_BC));
}

/// x with `tokens` at index_BC.
Tensor scatterTokens(const Tensor &x_BTKd, const Tensor &index_BC, const Tensor &tokens) {
  return x_BTKd.scatter(1, tokenIndex(x_BTKd, index_BC), tokens);
}

} // namespace

Rotation makeRotation(const Tensor &positions_BT, const Tensor &frequencies_C, double factor, at::ScalarType type) {
  Tensor angle = positions_BT.to(at::kDouble).unsqueeze(-1) * frequencies_C;
  return {(angle.cos() * factor).to(type).unsqueeze(2), (angle.sin() * factor).to(type).unsqueeze(2)};
}

CausalBlocks makeCausalBlocks(const Tensor &start_BT, const Tensor &host_BT, at::ScalarType type) {
  constexpr int64_t Queries = 128;
  CausalBlocks blocks;
  int64_t B = host_BT.size(0), T = host_BT.size(1);
  const int64_t *start = host_BT.const_data_ptr<int64_t>();
  if (std::all_of(start, start + host_BT.numel(), [](int64_t value) { return value == 0; }))
    return blocks;
  blocks.block = Queries;
  for (int64_t from = 0; from < T; from += Queries) {
    int64_t to = std::min(from + Queries, T), first = from;
    for (int64_t b = 0; b < B; ++b)
      first = std::min(first, start[b * T + from]);
    Tensor t = indices(start_BT, from, to).unsqueeze(-1), j = indices(start_BT, first, to);
    Tensor seen = (j <= t).logical_and(j >= start_BT.narrow(1, from, to - from).unsqueeze(-1));
    blocks.firstKey.push_back(first);
    blocks.bias.push_back(biasOf(seen.unsqueeze(1), type));
  }
  return blocks;
}

Tensor attendFull(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, const CausalBlocks &blocks,
                  double scale) {
  Tensor q = q_BTHd.transpose(1, 2), k = k_BTKd.transpose(1, 2), v = v_BTKd.transpose(1, 2);
  bool grouped = q.size(1) != k.size(1);
  if (blocks.firstKey.empty())
    return at::scaled_dot_product_attention(q, k, v, {}, 0.0, true, scale, grouped).transpose(1, 2);
  std::vector<Tensor> parts;
  for (size_t n = 0; n < blocks.firstKey.size(); ++n) {
    const Tensor &bias = blocks.bias[n];
    int64_t first = blocks.firstKey[n];
    Tensor queries = q.narrow(2, static_cast<int64_t>(n) * blocks.block, bias.size(2));
    parts.push_back(at::scaled_dot_product_attention(queries, k.narrow(2, first, bias.size(3)),
                                                     v.narrow(2, first, bias.size(3)), bias, 0.0, false, scale, grouped)
                        .transpose(1, 2));
  }
  return at::cat(parts, 1);
}

Tensor findSinks(const Tensor &host_BT, int64_t window, int64_t sinks) {
  int64_t B = host_BT.size(0), T = host_BT.size(1);
  std::vector<std::vector<int64_t>> found(B);
  size_t most = 0;
  for (int64_t b = 0; b < B; ++b) {
    const int64_t *start = host_BT.const_data_ptr<int64_t>() + b * T;
    for (int64_t t = window; t < T; ++t)
      if (start[t] == t - window) // the document's token `window`: the first that does not see all of it
        for (int64_t j = start[t]; j < std::min(start[t] + sinks, T) && start[j] == start[t]; ++j)
          found[b].push_back(j);
    most = std::max(most, found[b].size());
  }
  if (most == 0)
    return {};
  Tensor result = at::full({B, int64_t(most)}, T, host_BT.options());
  for (int64_t b = 0; b < B; ++b)
    std::copy(found[b].begin(), found[b].end(), result.mutable_data_ptr<int64_t>() + b * most);
  return result;
}

Band makeBand(const Tensor &start_BT, int64_t window, int64_t past, int64_t sinks, const Tensor &sinks_BC,
              at::ScalarType type) {
  int64_t B = start_BT.size(0), T = start_BT.size(1);
  Band band;
  band.block = std::min(T, std::max((window + 3) / 4, std::min<int64_t>(window, 64)));
  band.count = (T + band.block - 1) / band.block;
  auto blocks = [&](int64_t keys) { return (keys + band.block - 1) / band.block; };
  band.before = band.count == 1 ? past : std::min(blocks(window), blocks(past) + band.count - 1) * band.block;
  band.sinks_BC = sinks_BC;
  int64_t padded = band.count * band.block;
  Tensor first = indices(start_BT, 0, band.count).mul_(band.block).view({band.count, 1, 1});
  Tensor t = first + indices(start_BT, 0, band.block).unsqueeze(-1);
  Tensor j = first + indices(start_BT, -band.before, band.block);
  Tensor start = start_BT;
  if (padded > T) // tokens behind the end see themselves: no row is without a key
    start = at::cat({start_BT, start_BT.narrow(1, T - 1, 1).expand({B, padded - T})}, 1);
  start = start.reshape({B, band.count, band.block, 1});
  Tensor seen = (j <= t).logical_and(j > t - window).logical_and(j >= start);
  if (band.sinks_BC.defined()) {
    Tensor sink = band.sinks_BC.view({B, 1, 1, -1});
    Tensor seenSink = (sink >= start).logical_and(sink < start + sinks).logical_and(sink <= t - window);
    seen = at::cat({seen, seenSink}, -1);
  }
  band.bias = biasOf(seen, type).view({B * band.count, 1, band.block, -1});
  return band;
}

/// Keys of every block, [B * count, Hkv, keys, d].
static Tensor blockKeys(const Tensor &x_BTKd, const Tensor &history, const Tensor &sinkKeys, const Band &band) {
  int64_t B = x_BTKd.size(0), heads = x_BTKd.size(2), d = x_BTKd.size(3);
  int64_t missing = band.before - (history.defined() ? history.size(1) : 0);
  std::vector<Tensor> row, blocks;
  if (missing > 0)
    row.push_back(at::zeros({B, missing, heads, d}, x_BTKd.options()));
  if (history.defined())
    row.push_back(history);
  row.push_back(padTokens(x_BTKd, band.count * band.block));
  Tensor all = at::cat(row, 1);
  if (band.count == 1) {
    blocks.push_back(all.unsqueeze(1));
  } else {
    all = all.view({B, -1, band.block, heads, d});
    for (int64_t n = 0; n <= band.before / band.block; ++n)
      blocks.push_back(all.narrow(1, n, band.count));
  }
  if (sinkKeys.defined())
    blocks.push_back(sinkKeys.unsqueeze(1).expand({B, band.count, sinkKeys.size(1), heads, d}));
  return at::cat(blocks, 2).flatten(0, 1).transpose(1, 2);
}

Tensor attendBand(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, const History &history,
                  const Band &band, double scale) {
  int64_t B = q_BTHd.size(0), T = q_BTHd.size(1), H = q_BTHd.size(2), d = q_BTHd.size(3), heads = k_BTKd.size(2);
  int64_t group = H / heads, rows = B * band.count, dv = v_BTKd.size(3);
  Tensor sink_k = history.sink_k, sink_v = history.sink_v;
  if (band.sinks_BC.defined() && !sink_k.defined()) {
    Tensor sinks = band.sinks_BC.clamp_max(T - 1);
    sink_k = gatherTokens(k_BTKd, sinks);
    sink_v = gatherTokens(v_BTKd, sinks);
  }
  Tensor k = blockKeys(k_BTKd, history.k, sink_k, band), v = blockKeys(v_BTKd, history.v, sink_v, band);
  // The queries of a group are further rows of the same keys: nothing is repeated.
  Tensor q = padTokens(q_BTHd, band.count * band.block).view({rows, band.block, heads, group, d});
  q = q.permute({0, 2, 3, 1, 4}).reshape({rows, heads, group * band.block, d});
  Tensor bias = band.bias;
  if (group > 1)
    bias = bias.expand({rows, group, band.block, bias.size(3)}).reshape({rows, 1, group * band.block, bias.size(3)});
  Tensor h = at::scaled_dot_product_attention(q, k, v, bias, 0.0, false, scale);
  h = h.view({rows, heads, group, band.block, dv}).permute({0, 3, 1, 2, 4});
  return h.reshape({B, band.count * band.block, H, dv}).narrow(1, 0, T);
}

Tensor attendState(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, const Tensor &pos_B,
                   int64_t longest, std::vector<Tensor> &state, int64_t window, int64_t sinks, double scale) {
  int64_t B = q_BTHd.size(0), T = q_BTHd.size(1);
  Tensor pos = pos_B.to(at::kLong).unsqueeze(-1);
  // Position p is in slot p mod W: the last positions before pos, in order. Those below 0 are outside of the document.
  int64_t past = std::min(window, longest);
  Tensor slots = (pos + indices(pos, -past, 0)).remainder(window);
  History history{gatherTokens(state[0], slots), gatherTokens(state[1], slots), {}, {}};
  int64_t kept = std::min(window, T);
  Tensor newSlots = (pos + indices(pos, T - kept, T)).remainder(window);
  state[0] = scatterTokens(state[0], newSlots, k_BTKd.narrow(1, T - kept, kept));
  state[1] = scatterTokens(state[1], newSlots, v_BTKd.narrow(1, T - kept, kept));
  Tensor sinks_BC;
  if (sinks > 0) {
    sinks_BC = indices(pos, 0, sinks) - pos; // in tokens of this call
    Tensor isNew = (sinks_BC >= 0).logical_and(sinks_BC < T).unsqueeze(-1).unsqueeze(-1);
    Tensor from = sinks_BC.clamp(0, T - 1);
    history.sink_k = state[2] = at::where(isNew, gatherTokens(k_BTKd, from), state[2]);
    history.sink_v = state[3] = at::where(isNew, gatherTokens(v_BTKd, from), state[3]);
  }
  Band band = makeBand((-pos).expand({B, T}), window, past, sinks, sinks_BC, q_BTHd.scalar_type());
  return attendBand(q_BTHd, k_BTKd, v_BTKd, history, band, scale);
}

} // namespace xlstm::evaluate
