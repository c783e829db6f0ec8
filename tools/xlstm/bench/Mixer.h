//===- Mixer.h - a mixer's tensors on either device, and ATen's composition ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_BENCH_MIXER_H
#define XLSTM_TOOLS_XLSTM_BENCH_MIXER_H

#include "Bench.h"

#include "xlstm/Kernels/Hybrid.h"

#include <ATen/core/Tensor.h>

namespace xlstm::bench {

/// Random inputs, outputs and gradients of a mixer, float32 or bfloat16.
struct Mixer {
  xlstm_hybrid_shape shape;
  std::vector<at::Tensor> x; // q, k, v, o, i, f, q_map, k_map, docs
  at::Tensor h, dh, logSums, denominators, window, workspace;
  std::vector<at::Tensor> gradients;

  Mixer(const xlstm_hybrid_shape &shape, c10::Device device, size_t workspaceBytes);

  xlstm_hybrid_inputs inputs() const;
  xlstm_hybrid_saved saved() const;
  xlstm_hybrid_gradients outputs() const;

  /// Products alone, a multiply and an add counted as two.
  double flops(bool withBackward) const;
  double bytes() const;
  /// The composition as the evaluator runs it without the fusing pass, in the type `type`.
  Peer composition(bool withBackward, at::ScalarType type) const;
};

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_XLSTM_BENCH_MIXER_H
