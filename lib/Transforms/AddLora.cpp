//===- AddLora.cpp - low-rank adapters beside projections -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ModelEditing.h"
#include "xlstm/Transforms/Passes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace mlir;

namespace xlstm {

#define GEN_PASS_DEF_ADDLORA
#include "lib/Transforms/Passes.h.inc"

namespace {

/// A projection of a layer by a weight of the teacher's, `stem`.weight.
struct Projection {
  lm::LinearOp linear;
  StringRef stem;

  /// "q_proj" of "model.layers.0.self_attn.q_proj".
  StringRef target() const { return stem.substr(stem.rfind('.') + 1); }
};

SmallVector<Projection> findProjections(lm::ModelOp model) {
  SmallVector<Projection> found;
  for (lm::LayerOp layer : model.getLayers())
    layer.walk([&](lm::LinearOp linear) {
      auto weight = linear.getWeight().getDefiningOp<lm::ParamOp>();
      StringRef stem = weight ? weight.getName() : "";
      if (weight && !weight.getInitAttr() && stem.consume_back(".weight"))
        found.push_back({linear, stem});
    });
  return found;
}

class AddLora : public impl::AddLoraBase<AddLora> {
public:
  using AddLoraBase::AddLoraBase;

  void runOnOperation() override {
    lm::ModelOp model = findForward(getOperation());
    if (!model || failed(checkOptions(model)))
      return signalPassFailure();
    SmallVector<Projection> projections = findProjections(model);
    if (failed(checkTargets(model, projections)))
      return signalPassFailure();
    for (const Projection &projection : projections)
      if (targets.empty() || llvm::is_contained(targets, projection.target())) {
        addAdapter(projection);
        ++numAdapters;
      }
  }

private:
  LogicalResult checkOptions(lm::ModelOp model) {
    if (!(std::isfinite(alpha) && alpha > 0))
      return model.emitError() << "option alpha expects a number above 0, found " << alpha.getValue();
    return checkCount(model, "rank", rank, 1);
  }

  LogicalResult checkTargets(lm::ModelOp model, ArrayRef<Projection> projections) {
    llvm::SetVector<StringRef> known;
    for (const Projection &projection : projections)
      known.insert(projection.target());
    if (known.empty())
      return model.emitError() << "has no projection in a layer that could have an adapter";
    for (const std::string &target : targets)
      if (!known.contains(target))
        return model.emitError() << "option targets names " << target << ", the layers have "
                                 << llvm::join(known, ", ");
    return success();
  }

  void addAdapter(const Projection &projection) {
    lm::LinearOp linear = projection.linear;
    OpBuilder builder(linear->getContext());
    builder.setInsertionPointAfter(linear);
    Location loc = linear.getLoc();
    auto x = cast<RankedTensorType>(linear.getX().getType()), y = cast<RankedTensorType>(linear.getType());
    auto weight = cast<RankedTensorType>(linear.getWeight().getType());
    auto param = [&](const char *side, int64_t rows, int64_t columns, Attribute init) {
      auto type = RankedTensorType::get({rows, columns}, builder.getF32Type());
      return builder.create<lm::ParamOp>(loc, type, builder.getStringAttr(projection.stem + side), init);
    };
    Value a = param(".lora_A.weight", rank, weight.getDimSize(1), builder.getStringAttr("uniform"));
    Value b = param(".lora_B.weight", weight.getDimSize(0), rank, builder.getF32FloatAttr(0));
    auto inner = RankedTensorType::get({y.getDimSize(0), y.getDimSize(1), rank}, x.getElementType());
    Value down = builder.create<lm::LinearOp>(loc, inner, linear.getX(), a, /*bias=*/Value());
    Value scaled = builder.create<lm::ScaleOp>(loc, down, builder.getF64FloatAttr(alpha / double(rank)));
    auto sum = builder.create<lm::LinearAddOp>(loc, y, scaled, b, linear.getResult(), /*bias=*/Value());
    linear.getResult().replaceAllUsesExcept(sum, sum);
  }
};

} // namespace
} // namespace xlstm
