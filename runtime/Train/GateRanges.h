//===- GateRanges.h - range of the gates' pre-activations in a step -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Json.h"

#include <cmath>

namespace xlstm {

/// Least and greatest pre-activation of the input and forget gates of all layers.
class GateRanges : public EvalObserver {
public:
  void onMemoryGates(int64_t layer, const at::Tensor &i_BTH, const at::Tensor &f_BTH) override {
    input.add(i_BTH);
    forget.add(f_BTH);
  }

  /// Adds "i_gate" and "f_gate", [least, greatest], where there were any.
  void writeTo(Json &line) const {
    if (input.least <= input.greatest) {
      line["i_gate"] = {input.least, input.greatest};
      line["f_gate"] = {forget.least, forget.greatest};
    }
  }

private:
  struct Range {
    double least = INFINITY, greatest = -INFINITY;
    void add(const at::Tensor &gate) {
      at::Tensor values = gate.detach();
      least = std::min(least, values.min().item<double>());
      greatest = std::max(greatest, values.max().item<double>());
    }
  };
  Range input, forget;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_GATERANGES_H
