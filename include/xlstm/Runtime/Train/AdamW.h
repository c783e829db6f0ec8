//===- AdamW.h - the optimizer --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_ADAMW_H
#define XLSTM_RUNTIME_TRAIN_ADAMW_H

#include "xlstm/Runtime/Evaluate/Program.h"

namespace xlstm {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8; // the paper does not state them
  double weightDecay = 0.1;                     // the paper's
  /// Norm weights, biases and gates (tensors named *_gate.*) shrink too; otherwise only other tensors of two and more
  /// dimensions do.
  bool decayAll = false;
};

/// AdamW with decoupled decay (Loshchilov, Hutter 2019), on float32 or float64 params:
///     m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
///     p = (1 - lr wd) p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
class AdamW {
public:
  /// Holds on to the tensors of `params` and updates them in place. Moments start at zero.
  AdamW(const ParamMap &params, const AdamWOptions &options);

  /// Update number t, counted from 1, from the params' gradients; one without a gradient is left as it is.
  void step(int64_t t, double learningRate);
  void zeroGrad();

  /// The moments by "m/NAME" and "v/NAME".
  std::map<std::string, at::Tensor> state() const;
  /// Throws Error when a moment is missing or has another shape.
  void restore(const std::map<std::string, at::Tensor> &state);

private:
  struct Slot {
    std::string name;
    at::Tensor param, m, v;
    double decay;
  };
  AdamWOptions options;
  std::vector<Slot> slots;
};

/// Scales the gradients of `params` so that their common norm is at most `limit` (0: no limit) and returns the norm
/// they had.
double clipGradients(const ParamMap &params, double limit);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_ADAMW_H
