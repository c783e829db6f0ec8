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

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_HYBRID_H
