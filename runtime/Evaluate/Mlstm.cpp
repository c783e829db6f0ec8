//===- Mlstm.cpp - the matrix memory in its three forms, in ATen ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Mlstm.h"

#include "runtime/Evaluate/Derivatives.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <limits>

using at::Tensor;

namespace xlstm::evaluate {

namespace {

constexpr double Infinity = std::numeric_limits<double>::infinity();
constexpr double SmallestDenominator = 1e-30;

Tensor select(const Tensor &condition, const Tensor &x) { return at::where(condition, x, at::Scalar(-Infinity)); }

/// m is kept in the type of the state; the frame is what was stored, so that rounding it costs nothing.
Tensor roundTo(at::ScalarType type, const Tensor &x) { return x.to(type).to(at::kDouble); }

/// [v, 1] of every query head, [B, T, H, d + 1].
Tensor valuesAndOne(const Tensor &v_BTKd, int64_t heads) {
  Tensor ones = at::ones({v_BTKd.size(0), v_BTKd.size(1), v_BTKd.size(2), 1}, v_BTKd.options());
  Tensor v = at::cat({v_BTKd, ones}, -1);
  int64_t group = heads / v.size(2);
  if (group == 1)
    return v;
  return v.unsqueeze(3).expand({v.size(0), v.size(1), v.size(2), group, v.size(3)}).flatten(2, 3);
}

/// Logarithms of the gates in float64: their sums over hundreds of tokens must not round.
struct LogGates {
  Tensor i, f;
  explicit LogGates(const MlstmOperands &x) {
    std::vector<int64_t> shape = x.q_BTHm.sizes().slice(0, 3).vec();
    Tensor none = at::zeros(shape, x.q_BTHm.options().dtype(at::kDouble));
    i = x.i_BTH.defined() ? x.i_BTH.to(at::kDouble) : none;
    f = x.f_BTH.defined() ? at::log_sigmoid(x.f_BTH.to(at::kDouble)) : none;
  }
};

Tensor joinState(const std::vector<Tensor> &state) { return at::cat({state[0], state[1].unsqueeze(-1)}, -1); }

std::vector<Tensor> splitState(const Tensor &both, const Tensor &m) {
  int64_t d = both.size(-1) - 1;
  return {both.narrow(-1, 0, d), both.select(-1, d), m};
}

/// [B, T, H, c] to [B, H, N, L, c], padded with `fill`.
Tensor cut(const Tensor &x_BTHc, const ChunkMasks &masks, double fill = 0) {
  int64_t pad = masks.chunk * masks.count - x_BTHc.size(1);
  Tensor x = pad ? at::constant_pad_nd(x_BTHc, {0, 0, 0, 0, 0, pad}, fill) : x_BTHc;
  return x.reshape({x.size(0), masks.count, masks.chunk, x.size(2), x.size(3)}).permute({0, 3, 1, 2, 4});
}

/// The frames of all chunks: everything that depends on gates alone. `a` is log i minus the sum of log f up to and with
/// the token; the weight of token s in the memory after token t is exp(sum_t + a_s - m_t).
struct Frames {
  Tensor sum_BHNL, a_BHNL; // float64, with gradient
  Tensor top_BHNL;         // m_t - sum_t of every token
  Tensor past_BHN;         // m before every chunk; -inf: nothing there
  Tensor next_BHN;         // m after every chunk
};

Frames makeFrames(const LogGates &gates, const ChunkMasks &masks, const Tensor &m, at::ScalarType type) {
  Frames frames;
  Tensor i = cut(gates.i.unsqueeze(-1), masks, -Infinity).squeeze(-1);
  Tensor f = cut(gates.f.unsqueeze(-1), masks).squeeze(-1).permute({0, 2, 3, 1}); // [B, N, L, H]
  // A sum over the document's own tokens only: what another document holds cannot even round it.
  frames.sum_BHNL = at::matmul(masks.sums_BNLL, f).permute({0, 3, 1, 2});
  frames.a_BHNL = i - frames.sum_BHNL;
  c10::NoGradGuard noGrad;
  Tensor sees = masks.sees_BNLL.unsqueeze(1), seesPast = masks.seesPast_BNL.unsqueeze(1);
  // A frame need not be exact: its rounding cancels.
  Tensor own = select(sees, frames.a_BHNL.to(type).unsqueeze(-2)).amax(-1).to(at::kDouble);
  Tensor lastSum = frames.sum_BHNL.select(-1, masks.chunk - 1), lastOwn = own.select(-1, masks.chunk - 1);
  Tensor lastSees = seesPast.select(-1, masks.chunk - 1);
  Tensor current = m.defined() ? m.to(at::kDouble) : at::full_like(lastSum.select(-1, 0), -Infinity);
  std::vector<Tensor> past, next;
  for (int64_t n = 0; n < masks.count; ++n) {
    past.push_back(current);
    Tensor top = at::maximum(lastOwn.select(-1, n), select(lastSees.select(-1, n), current));
    current = roundTo(type, lastSum.select(-1, n) + top);
    next.push_back(current);
  }
  frames.past_BHN = at::stack(past, -1);
  frames.next_BHN = at::stack(next, -1);
  frames.top_BHNL = at::maximum(own, select(seesPast, frames.past_BHN.unsqueeze(-1)));
  return frames;
}

} // namespace

ChunkMasks makeChunkMasks(const Tensor &start_BT, int64_t chunk) {
  int64_t B = start_BT.size(0), T = start_BT.size(1);
  ChunkMasks masks;
  masks.chunk = std::min(chunk, T);
  masks.count = (T + masks.chunk - 1) / masks.chunk;
  int64_t padded = masks.chunk * masks.count;
  Tensor start = start_BT;
  if (padded > T)
    start = at::cat({start, start.narrow(1, T - 1, 1).expand({B, padded - T})}, 1);
  start = start.reshape({B, masks.count, masks.chunk});
  Tensor token = at::arange(padded, start.options()).view({masks.count, masks.chunk});
  Tensor query = token.unsqueeze(-1), key = token.unsqueeze(-2);
  masks.sees_BNLL = (key <= query).logical_and(key >= start.unsqueeze(-1));
  masks.sums_BNLL = masks.sees_BNLL.to(at::kDouble);
  masks.seesPast_BNL = start < token.narrow(1, 0, 1);
  return masks;
}

MlstmResult mlstmChunkwise(const MlstmOperands &x, const ChunkMasks &masks) {
  at::ScalarType type = x.q_BTHm.scalar_type();
  int64_t B = x.q_BTHm.size(0), T = x.q_BTHm.size(1), H = x.q_BTHm.size(2), d = x.v_BTKd.size(3);
  bool hasState = !x.state.empty();
  Frames frames = makeFrames(LogGates(x), masks, hasState ? x.state[2] : Tensor(), type);
  Tensor q = cut(x.q_BTHm, masks), k = cut(x.k_BTHm, masks), v = cut(valuesAndOne(x.v_BTKd, H), masks);
  Tensor sees = masks.sees_BNLL.unsqueeze(1), seesPast = masks.seesPast_BNL.unsqueeze(1);
  Tensor both = at::matmul(decayedScores(q, k, frames.a_BHNL, frames.top_BHNL, sees.logical_not()), v);
  MlstmResult result;
  if (hasState || masks.count > 1) {
    Tensor past = frames.past_BHN;
    if (hasState) // the first m is an operand
      past = at::cat({x.state[2].to(at::kDouble).unsqueeze(-1), past.narrow(-1, 1, masks.count - 1)}, -1);
    // What every chunk adds to the memory, and how much it keeps of what was there: weights of its last token.
    Tensor shift = frames.sum_BHNL.select(-1, masks.chunk - 1) - frames.next_BHN; // [B, H, N]
    Tensor own = select(sees.select(-2, masks.chunk - 1), frames.a_BHNL) + shift.unsqueeze(-1);
    Tensor added = at::matmul((k * own.to(type).exp().unsqueeze(-1)).transpose(-1, -2), v);
    Tensor keep = (select(seesPast.select(-1, masks.chunk - 1), past) + shift).to(type).exp();
    Tensor memory = hasState ? joinState(x.state) : at::zeros_like(added.select(2, 0));
    std::vector<Tensor> before, allKeep = keep.unsqueeze(-1).unsqueeze(-1).unbind(2), allAdded = added.unbind(2);
    for (int64_t n = 0; n < masks.count; ++n) {
      before.push_back(memory);
      memory = memory * allKeep[n] + allAdded[n];
    }
    Tensor reach = (select(seesPast, past.unsqueeze(-1)) - frames.top_BHNL).to(type).exp().unsqueeze(-1);
    both = both + at::matmul(q * reach, at::stack(before, 2));
    result.state = splitState(memory, frames.next_BHN.select(-1, masks.count - 1).to(type));
  }
  result.h_BTHd = divideByLast(both, SmallestDenominator).permute({0, 2, 3, 1, 4});
  result.h_BTHd = result.h_BTHd.reshape({B, masks.count * masks.chunk, H, d}).narrow(1, 0, T);
  return result;
}

MlstmResult mlstmRecurrent(const MlstmOperands &x, const Tensor &start_BT) {
  at::ScalarType type = x.q_BTHm.scalar_type();
  int64_t T = x.q_BTHm.size(1), H = x.q_BTHm.size(2);
  LogGates gates(x);
  Tensor v = valuesAndOne(x.v_BTKd, H), isStart = start_BT.eq(at::arange(T, start_BT.options())).unsqueeze(-1);
  Tensor m = x.state.empty() ? at::full_like(gates.i.select(1, 0), -Infinity) : x.state[2].to(at::kDouble);
  Tensor memory, none = at::zeros({}, x.q_BTHm.options());
  if (x.state.empty())
    memory = at::zeros({x.q_BTHm.size(0), H, x.q_BTHm.size(3), v.size(3)}, v.options());
  else
    memory = joinState(x.state);
  std::vector<Tensor> outputs;
  for (int64_t t = 0; t < T; ++t) {
    Tensor begins = isStart.select(1, t), i = gates.i.select(1, t);
    Tensor kept = gates.f.select(1, t) + select(begins.logical_not(), m);
    m = roundTo(type, at::maximum(kept, i).detach());
    Tensor keep = (kept - m).to(type).exp().unsqueeze(-1).unsqueeze(-1), add = (i - m).to(type).exp().unsqueeze(-1);
    Tensor k = (x.k_BTHm.select(1, t) * add).unsqueeze(-1);
    memory = at::where(begins.unsqueeze(-1).unsqueeze(-1), none, memory) * keep + k * v.select(1, t).unsqueeze(-2);
    Tensor both = at::matmul(x.q_BTHm.select(1, t).unsqueeze(-2), memory).squeeze(-2);
    outputs.push_back(divideByLast(both, SmallestDenominator));
  }
  return {at::stack(outputs, 1), splitState(memory, m.to(type))};
}

} // namespace xlstm::evaluate
