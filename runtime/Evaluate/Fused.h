//===- Fused.h - small ops of training as one CUDA kernel each --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Differentiable. Operands as they are held, float32 or bfloat16, on CUDA; every result is rounded once, as
// docs/Rationale/Types.md says. Each returns an undefined tensor where the kernels do not take its operands, or the
// build has none: the caller then composes the op of ATen's.

#ifndef XLSTM_RUNTIME_EVALUATE_FUSED_H
#define XLSTM_RUNTIME_EVALUATE_FUSED_H

#include <ATen/core/Tensor.h>

#include <utility>

namespace xlstm::evaluate {

/// x [.., n] / sqrt(mean(x^2) + eps) * weight [n].
at::Tensor fusedRmsNorm(const at::Tensor &x, const at::Tensor &weight, double eps);

/// Channel pairs (i, i + d/2) of x [B, T, H, d] turned; cos and sin [B, T, 1, d/2], float32, are constants.
at::Tensor fusedRotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin);

/// silu(gate) * up.
at::Tensor fusedSwiglu(const at::Tensor &gate, const at::Tensor &up);

/// xlstm.output_gate: q [B, T, H, d], k and v [B, T, Hkv, d], weight [H, 3d] and bias [H] in float32; [B, T, H]
/// float32.
at::Tensor fusedOutputGate(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &weight,
                           const at::Tensor &bias);

/// The sums of (x - y)^2 and of y^2, float32 scalars. y is a constant, and the second sum too.
std::pair<at::Tensor, at::Tensor> fusedSquares(const at::Tensor &x, const at::Tensor &y);

/// Whether fusedLinears() takes the product: x in bfloat16; a weight in float32, or in bfloat16 and without bias.
bool takesLinear(const at::Tensor &x, const at::Tensor &weight, bool hasBias);

/// x [.., n] times each of weights [m, n]^T, in the weight's type; biases [m] of those in float32 may be undefined. The
/// gradient to x is added up by the products. A product with float32 is by tensor cores: the weight is three bfloat16
/// terms, whose products and sums are as exact as float32's; for few outputs, as gates have.
std::vector<at::Tensor> fusedLinears(const at::Tensor &x, const std::vector<at::Tensor> &weights,
                                     const std::vector<at::Tensor> &biases);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_FUSED_H
