//===- StoreWeights.cpp - the float type that weights are stored in -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_STOREWEIGHTS
#include "lib/Transforms/Passes.h.inc"

namespace {

class StoreWeights : public impl::StoreWeightsBase<StoreWeights> {
public:
  using StoreWeightsBase::StoreWeightsBase;

  void runOnOperation() override {
    Type element = elementOf(type, &getContext());
    getOperation().walk([&](lm::ParamOp param) {
      Type stored = typeOf(param).getElementType();
      if (!isa<FloatType>(stored) || stored == element)
        return;
      setWeightType(param, element);
      ++numRetyped;
    });
    getOperation().walk([&](lm::PackOp pack) { // of weights that have it now
      if (typeOf(pack.getParts().front()).getElementType() == element)
        setWeightType(pack.getResult(), element);
    });
  }
};

} // namespace
} // namespace xlstm
