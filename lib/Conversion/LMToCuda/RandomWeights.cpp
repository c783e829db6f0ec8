//===- RandomWeights.cpp - weights that an executable makes itself --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToCuda/RandomWeights.h"
#include "lib/Conversion/LMToCuda/StepCalls.h"
#include "xlstm/Conversion/Passes.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

namespace {

struct Distribution {
  double mean, deviation;
};

} // namespace

static Distribution distributionOf(lm::ParamOp param) {
  if (auto init = dyn_cast_or_null<FloatAttr>(param.getInitAttr()))
    return {init.getValueAsDouble(), 0};
  ArrayRef<int64_t> shape = cast<RankedTensorType>(param.getType()).getShape();
  for (Operation *user : param->getUsers()) {
    if (isa<lm::RmsNormOp>(user))
      return {1, 0};
    if (isa<lm::EmbedOp>(user))
      return {0, 0.02};
  }
  if (shape.size() == 1) // a bias
    return {0, 0};
  return {0, 1 / std::sqrt(static_cast<double>(shape.back()))};
}

SmallVector<Record> describeRandomWeights(lm::ModelOp model, Builder &builder) {
  std::map<int64_t, Record> byOffset; // the first use of a weight says what it is
  for (lm::ParamOp param : model.getBody().getOps<lm::ParamOp>()) {
    auto offset = param->getAttrOfType<IntegerAttr>(offsetAttrName);
    Distribution distribution = distributionOf(param);
    byOffset.try_emplace(offset.getInt(), Record{offset, builder.getI64IntegerAttr(count(param.getResult())),
                                                 builder.getI32IntegerAttr(cudaType(elementType(param.getResult()))),
                                                 builder.getF32FloatAttr(static_cast<float>(distribution.mean)),
                                                 builder.getF32FloatAttr(static_cast<float>(distribution.deviation))});
  }
  SmallVector<Record> records;
  for (auto &[offset, record] : byOffset)
    records.push_back(std::move(record));
  return records;
}

} // namespace xlstm
