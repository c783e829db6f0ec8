//===- GateRanges.h - range of the gates' pre-activations in a step -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H

#include "xlstm/Runtime/Evaluate/Program.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>

namespace xlstm {

/// Least and greatest pre-activation of the input and forget gates of all layers, as scalars that stay where the gates
/// are. Undefined where there were none.
class GateRanges : public EvalObserver {
public:
  struct Range {
    at::Tensor least, greatest;
    void add(const at::Tensor &gate) {
      auto [low, high] = at::aminmax(gate.detach());
      merge({low, high});
    }
    void merge(const Range &other) {
      least = least.defined() ? at::minimum(least, other.least) : other.least;
      greatest = greatest.defined() ? at::maximum(greatest, other.greatest) : other.greatest;
    }
  };

  void onMemoryGates(int64_t layer, const at::Tensor &i_BTH, const at::Tensor &f_BTH) override {
    input.add(i_BTH);
    forget.add(f_BTH);
  }

  /// Takes in what others have seen, of whose tensors nothing is kept.
  void merge(const GateRanges &other) {
    for (auto [mine, range] : {std::pair(&input, &other.input), {&forget, &other.forget}})
      if (range->least.defined())
        mine->merge({range->least.clone(), range->greatest.clone()});
  }

  Range input, forget;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H
