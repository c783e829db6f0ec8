//===- PanelWeights.cpp - which weights lie in panels -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Conversion/LMToKernel/PanelWeights.h"
#include "dialects/LM/LMDialect.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace xlstm {

using kernel::PanelKind;
using kernel::PanelType;

static std::optional<PanelKind> kindOf(Type element) {
  if (element.isF32())
    return PanelKind::F32;
  if (element.isBF16())
    return PanelKind::BF16;
  if (element.isF16())
    return PanelKind::F16;
  auto block = dyn_cast<lm::BlockType>(element);
  if (!block || block.getSize() != PanelType::columns || !block.getScale().isF16())
    return std::nullopt;
  if (block.getValues().getWidth() == 8)
    return PanelKind::Q8;
  return block.getMinimum() ? PanelKind::Q4M : PanelKind::Q4;
}

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether the value alone can lie in panels: of a pack, part of it.
static bool fits(Value weight, bool isLastPart) {
  RankedTensorType type = typeOf(weight);
  return type.getRank() == 2 && type.hasStaticShape() && type.getDimSize(0) >= PanelType::rows &&
         (isLastPart || type.getDimSize(0) % PanelType::rows == 0) && type.getDimSize(1) % PanelType::columns == 0 &&
         kindOf(type.getElementType());
}

static bool isReadInPanels(Value weight, bool isLastPart);

static bool isReadInPanels(OpOperand &use) {
  return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
      .Case<lm::LinearOp, lm::LinearAddOp>([&](auto linear) {
        return use.get() == linear.getWeight() && use.get() != linear.getBias() &&
               typeOf(linear.getX()).getElementType().isF32();
      })
      .Case([&](lm::EmbedOp embed) { return typeOf(embed.getResult()).getElementType().isF32(); })
      .Case([&](lm::TakeBlocksOp blocks) { return isReadInPanels(blocks.getResult(), true); })
      .Case([&](lm::PackOp pack) {
        return isReadInPanels(pack.getResult(), true) && llvm::all_of(pack.getParts(), [&](Value part) {
                 return fits(part, part == pack.getParts().back());
               });
      })
      .Default(false);
}

static bool isReadInPanels(Value weight, bool isLastPart) {
  return fits(weight, isLastPart) && !weight.use_empty() &&
         llvm::all_of(weight.getUses(), [](OpOperand &use) { return isReadInPanels(use); });
}

MemRefType panelsOf(Value weight) {
  if (!isReadInPanels(weight, true))
    return {};
  RankedTensorType type = typeOf(weight);
  auto panel = PanelType::get(type.getContext(), *kindOf(type.getElementType()));
  return MemRefType::get({type.getDimSize(0), type.getDimSize(1) / PanelType::columns}, panel);
}

bool isPanelBias(Value bias) {
  return llvm::all_of(bias.getUses(), [](OpOperand &use) {
    return llvm::TypeSwitch<Operation *, bool>(use.getOwner())
        .Case<lm::LinearOp, lm::LinearAddOp>([&](auto linear) {
          return use.get() == linear.getBias() && use.get() != linear.getWeight() && panelsOf(linear.getWeight());
        })
        .Case<lm::PackOp, lm::TakeBlocksOp>([&](auto op) { return isPanelBias(op.getResult()); })
        .Default(false);
  });
}

} // namespace xlstm
