//===- Hybrid.h - the fused mixer as one differentiable function -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_HYBRID_H
#define XLSTM_RUNTIME_EVALUATE_HYBRID_H

#include <ATen/core/Tensor.h>

namespace xlstm::evaluate {

/// Operands of xlstm.hybrid: q [B,T,H,d], k and v [B,T,Hkv,d], maps [H,d,d], gates [B,T,H], docs [B,T] (int32).
struct HybridOperands {
  at::Tensor q, k, v, q_map, k_map, o, i, f, docs;
  double scale = 1;
  int64_t window = 0, sinks = 0;
};

/// Whether the kernels take these: all float32, or all bfloat16 on CUDA in a build with CUDA kernels; a head width that
/// they know.
bool hasHybridKernel(const HybridOperands &x);

struct HybridResult {
  at::Tensor h, window; // [B,T,H,d]; window is undefined unless asked for
};
/// By the device's kernel, forward and backward, on the current stream. Keeps the window branch's output and two
/// numbers a head and token.
HybridResult runHybridKernel(const HybridOperands &x, bool wantsWindow);

/// Whether the kernels take the form with state: as above, S, z and m in float32, rings and sinks in the type of q, and
/// no gradient wanted.
bool hasHybridStateKernel(const HybridOperands &x, at::ArrayRef<at::Tensor> state);

/// The tokens continue documents of which pos [B] tokens went before; docs is undefined. `state` in the op's order (S,
/// z, m, ring_k, ring_v, and with sinks sink_k, sink_v) becomes new tensors, those behind the tokens.
HybridResult runHybridStateKernel(const HybridOperands &x, const at::Tensor &pos, std::vector<at::Tensor> &state,
                                  bool wantsWindow);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_HYBRID_H
