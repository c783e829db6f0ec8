//===- AdamW.h - the optimizer --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_ADAMW_H
#define XLSTM_RUNTIME_TRAIN_ADAMW_H

#include "xlstm/Runtime/Evaluate/Program.h"

#include <set>

namespace xlstm {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8; // the paper does not state them
  double weightDecay = 0.1;                     // the paper's
  /// Decay of the new tensors; none: weightDecay.
  std::optional<double> newWeightDecay = {};
  /// Norm weights, biases and gates (tensors named *_gate.*) shrink too; otherwise only other tensors of two and more
  /// dimensions do.
  bool decayAll = false;
};

/// Learning rates of one step: of the tensors that the teacher has, and of those that are new.
struct Rates {
  Rates(double rate) : old(rate), added(rate) {}
  Rates(double old, double added) : old(old), added(added) {}
  double old, added;
};

/// AdamW with decoupled decay (Loshchilov, Hutter 2019), on float32 or float64 params:
///     m = b1 m + (1 - b1) g      v = b2 v + (1 - b2) g^2
///     p = (1 - lr wd) p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
/// One call of ATen's fused kernel for all params of one rate and decay.
class AdamW {
public:
  /// Holds on to the tensors of `params` and updates them in place. Moments start at zero and take memory from the
  /// first step on, or when they are asked for. `added` names those that are new.
  AdamW(const ParamMap &params, const AdamWOptions &options, const std::set<std::string> &added = {});

  /// Update number t, counted from 1, from the params' gradients divided by `divisor` (a float32 scalar where they
  /// live; undefined: 1); a param without a gradient is left as it is. Gradients are used up.
  void step(int64_t t, Rates rates, const at::Tensor &divisor = {});
  void zeroGrad();

  /// The moments by "m/NAME" and "v/NAME".
  std::map<std::string, at::Tensor> state();
  /// Takes over the moments in `state`. Throws Error when one is missing or has another shape.
  void restore(const std::map<std::string, at::Tensor> &state);

private:
  struct Slot {
    std::string name;
    at::Tensor param, m, v;
    void startMoments();
  };
  struct Group {
    bool isNew;
    double decay;
    std::vector<Slot> slots;
  };
  AdamWOptions options;
  std::vector<Group> groups;
};

/// The common norm of the gradients of `params`, a float64 scalar where they live.
at::Tensor gradientNorm(const ParamMap &params);

/// What gradients of this norm are divided by so that it is at most `limit`, for AdamW::step; undefined where there is
/// no limit (0).
at::Tensor clipDivisor(const at::Tensor &norm, double limit);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_ADAMW_H
