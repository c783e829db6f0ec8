//===- Interpreter.cpp - values and op table of the evaluator -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/Interpreter.h"

#include "dialects/LM/ResultName.h"
#include "xlstm/Support/Error.h"

#include <c10/util/Exception.h>

using at::Tensor;

namespace xlstm::evaluate {

static Tensor inType(Tensor tensor, at::ScalarType type) {
  return tensor.is_floating_point() && tensor.scalar_type() != type ? tensor.to(type) : tensor;
}

Tensor Frame::widen(Tensor tensor) const { return inType(std::move(tensor), computed); }

void Frame::set(mlir::Value value, Tensor tensor) {
  size_t uses = std::distance(value.use_begin(), value.use_end());
  if (uses == 0 && !options.onResult)
    return;
  if (std::optional<at::ScalarType> type = heldAs(value, options.type))
    tensor = inType(std::move(tensor), *type);
  if (auto result = mlir::dyn_cast<mlir::OpResult>(value); result && options.onResult)
    options.onResult(lm::resultName(result), tensor);
  if (uses)
    values[value] = {std::move(tensor), uses};
}

void Frame::give(mlir::Value value, Tensor tensor) {
  if (size_t uses = std::distance(value.use_begin(), value.use_end()))
    values[value] = {std::move(tensor), uses};
}

Tensor Frame::takeHeld(mlir::Value value) {
  auto found = values.find(value);
  if (--found->second.usesLeft > 0)
    return found->second.tensor;
  Tensor tensor = std::move(found->second.tensor);
  values.erase(found);
  return tensor;
}

const OpTable &opTable() {
  static const OpTable table = [] {
    OpTable result;
    addTensorOps(result);
    addLinearOps(result);
    addLayerOp(result);
    addAttentionOps(result);
    addHeadOps(result);
    addMixerOps(result);
    addLossOps(result);
    return result;
  }();
  return table;
}

std::string describe(mlir::Location location) {
  if (auto place = location->findInstanceOf<mlir::FileLineColLoc>())
    return place.getFilename().str() + ":" + std::to_string(place.getLine()) + ":" + std::to_string(place.getColumn());
  return "module";
}

static std::string place(mlir::Operation &op) {
  return describe(op.getLoc()) + ": " + op.getName().getStringRef().str() + ": ";
}

std::vector<Tensor> runBlock(mlir::Block &block, Frame &frame) {
  for (mlir::Operation &op : block.without_terminator()) {
    if (frame.chosen && !frame.chosen->contains(&op))
      continue;
    try {
      frame.begin(op);
      opTable().find(op.getName().getStringRef())->second(&op, frame);
      if (auto node = frame.options.observer ? op.getAttrOfType<mlir::StringAttr>("lm.node") : mlir::StringAttr())
        frame.options.observer->onNode(node.str(), op.getName().getStringRef().str(), frame.peek(op.getResult(0)));
    } catch (const c10::Error &error) {
      std::string text = error.what_without_backtrace();
      throw Error(place(op) + text.substr(0, text.find('\n')));
    } catch (const Error &error) {
      throw op.getNumRegions() ? error : Error(place(op) + error.what()); // the innermost op says where
    }
  }
  std::vector<Tensor> results;
  for (mlir::Value value : block.getTerminator()->getOperands())
    results.push_back(frame.peek(value).defined() ? frame.takeHeld(value) : Tensor());
  return results;
}

} // namespace xlstm::evaluate
