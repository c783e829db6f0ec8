//===- WeightInfo.cpp - what an executable is told of its weights -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/KernelToLLVM/WeightInfo.h"
#include "dialects/Kernel/KernelMemory.h"
#include "xlstm/Runtime/Deploy/CudaModelAbi.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

namespace {

struct Distribution {
  double mean, deviation;
};

} // namespace

static Distribution distributionOf(kernel::WeightOp weight) {
  if (auto init = weight.getInit())
    return {init->convertToDouble(), 0};
  ArrayRef<int64_t> shape = cast<MemRefType>(weight.getResult().getType()).getShape();
  for (Operation *user : weight->getUsers()) {
    if (isa<kernel::RmsNormOp>(user))
      return {1, 0};
    if (isa<kernel::EmbedOp>(user))
      return {0, 0.02};
  }
  if (shape.size() == 1) // a bias
    return {0, 0};
  return {0, 1 / std::sqrt(static_cast<double>(shape.back()))};
}

SmallVector<Record> describeRandomWeights(kernel::FuncOp function, Builder &builder) {
  static const RecordField fields[] = {XLSTM_CUDA_RANDOM_FIELDS(XLSTM_RECORD_FIELD)};
  std::map<int64_t, kernel::WeightOp> byOffset;
  for (kernel::WeightOp weight : function.getBody().getOps<kernel::WeightOp>())
    byOffset.try_emplace(static_cast<int64_t>(*weight.getOffset()), weight);
  SmallVector<Record> records;
  for (auto [offset, weight] : byOffset) {
    Distribution distribution = distributionOf(weight);
    auto type = cast<MemRefType>(weight.getResult().getType());
    records.push_back(Record(fields)
                          .set("offset", offset, builder)
                          .set("elements", type.getNumElements(), builder)
                          .set("type", enumOf(kernel::typeName(type.getElementType())), builder)
                          .set("mean", builder.getF32FloatAttr(static_cast<float>(distribution.mean)))
                          .set("deviation", builder.getF32FloatAttr(static_cast<float>(distribution.deviation))));
  }
  return records;
}

int64_t decodeBytes(kernel::FuncOp decode) {
  int64_t bytes = 0;
  for (kernel::WeightOp weight : decode.getBody().getOps<kernel::WeightOp>())
    if (!llvm::all_of(weight->getUsers(), [](Operation *user) { return isa<kernel::EmbedOp>(user); }))
      bytes += kernel::bytesOf(weight.getResult());
  for (kernel::StateOp state : decode.getBody().getOps<kernel::StateOp>()) {
    StringRef name = state.getName().rsplit('.').second;
    if (isCache(state)) // as much as a text is long
      continue;
    if (isa<FloatType>(cast<MemRefType>(state.getResult().getType()).getElementType()))
      bytes += kernel::bytesOf(state.getResult()) * (name.starts_with("ring") || name.starts_with("sink") ? 1 : 2);
  }
  return bytes;
}

int64_t prefillOperations(const CompiledFunction &prefill) {
  int64_t operations = 0, rows = prefill.idsShape()[0] * prefill.tokens();
  for (kernel::LinearOp linear : kernel::FuncOp(prefill.kernels).getBody().getOps<kernel::LinearOp>()) {
    SmallVector<int64_t> sizes = *kernel::Call(linear).sizes(); // rows, in, out
    if (sizes[0] == rows)
      operations += 2 * sizes[1] * sizes[2];
  }
  return operations;
}

} // namespace xlstm
