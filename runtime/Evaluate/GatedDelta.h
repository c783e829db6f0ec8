//===- GatedDelta.h - the gated delta rule by chunks, in ATen -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What token t writes is u_t = beta_t (v_t - alpha_t k_t S_{t-1}), so that S_t = alpha_t S_{t-1} + k_t (x) u_t. Within
// a chunk the u are the solution of one unit triangular system; with G the running sum of log alpha and S before the
// chunk
//   u_t + beta_t sum_{s<t} exp(G_t - G_s) (k_t . k_s) u_s = beta_t (v_t - exp(G_t) k_t S)
//   h_t = exp(G_t) q_t S + sum_{s<=t} exp(G_t - G_s) (q_t . k_s) u_s
// A chunk of one token is the recurrent form, one of all tokens the parallel form. Letters as in Mlstm.h.

#ifndef XLSTM_RUNTIME_EVALUATE_GATEDDELTA_H
#define XLSTM_RUNTIME_EVALUATE_GATEDDELTA_H

#include "runtime/Evaluate/Mlstm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace xlstm::evaluate {

inline at::Tensor unit(const at::Tensor &x) { return x * (x.square().sum(-1, /*keepdim=*/true) + 1e-6).rsqrt(); }

/// [B, T, Hx, c] to [B, H, N, L, c], padded with zeros; each head of x for its group of query heads.
inline at::Tensor cutHeads(at::Tensor x, int64_t heads, const ChunkMasks &masks) {
  if (int64_t group = heads / x.size(2); group > 1)
    x = x.unsqueeze(3).expand({x.size(0), x.size(1), x.size(2), group, x.size(3)}).flatten(2, 3);
  if (int64_t pad = masks.chunk * masks.count - x.size(1))
    x = at::constant_pad_nd(x, {0, 0, 0, 0, 0, pad});
  return x.reshape({x.size(0), masks.count, masks.chunk, x.size(2), x.size(3)}).permute({0, 3, 1, 2, 4});
}

struct GatedDeltaOperands {
  at::Tensor q, k, v, write, decay, state; // state: undefined, or S
};

/// h and the new S.
inline std::pair<at::Tensor, at::Tensor> gatedDelta(const GatedDeltaOperands &x, const ChunkMasks &masks) {
  at::ScalarType type = x.q.scalar_type();
  int64_t B = x.q.size(0), T = x.q.size(1), H = x.q.size(2), last = masks.chunk - 1;
  at::Tensor q = cutHeads(unit(x.q), H, masks), k = cutHeads(unit(x.k), H, masks), v = cutHeads(x.v, H, masks);
  at::Tensor beta = cutHeads(x.write.sigmoid().to(type).unsqueeze(-1), H, masks); // [B, H, N, L, 1]
  at::Tensor sum = cutHeads(at::log_sigmoid(x.decay.to(at::kDouble)).unsqueeze(-1), H, masks).cumsum(-2);
  at::Tensor sees = masks.sees_BNLL.unsqueeze(1), seesPast = masks.seesPast_BNL.unsqueeze(1).unsqueeze(-1);
  auto weight = [&](const at::Tensor &visible, const at::Tensor &level) {
    return at::where(visible, level, at::Scalar(-std::numeric_limits<double>::infinity())).exp().to(type);
  };
  at::Tensor decays = weight(sees, sum - sum.transpose(-1, -2)); // query, key: how much of what was written is left
  at::Tensor reach = weight(seesPast, sum);                      // the same of what went before the chunk
  at::Tensor own = (at::matmul(k, k.transpose(-1, -2)) * decays * beta).tril(-1) + at::eye(masks.chunk, k.options());
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2)) * decays;
  at::Tensor S = x.state.defined() ? x.state.to(type) : at::zeros({B, H, q.size(-1), v.size(-1)}, q.options());
  std::vector<at::Tensor> outputs;
  for (int64_t n = 0; n < masks.count; ++n) {
    auto chunk = [n](const at::Tensor &all) { return all.select(2, n); };
    at::Tensor wanted = chunk(beta) * (chunk(v) - chunk(reach) * at::matmul(chunk(k), S));
    at::Tensor u =
        at::linalg_solve_triangular(chunk(own), wanted, /*upper=*/false, /*left=*/true, /*unitriangular=*/true);
    outputs.push_back(chunk(reach) * at::matmul(chunk(q), S) + at::matmul(chunk(scores), u));
    at::Tensor left = chunk(decays).select(-2, last).unsqueeze(-1);
    S = chunk(reach).narrow(-2, last, 1) * S + at::matmul((chunk(k) * left).transpose(-1, -2), u);
  }
  at::Tensor h = at::stack(outputs, 2).permute({0, 2, 3, 1, 4}).reshape({B, masks.count * masks.chunk, H, v.size(-1)});
  return {h.narrow(1, 0, T), S};
}

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_GATEDDELTA_H
