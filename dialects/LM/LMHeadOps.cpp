//===- LMHeadOps.cpp - verifiers of take_heads and join_heads -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ShapeChecks.h"

#include "llvm/ADT/BitVector.h"

using namespace mlir;

namespace xlstm::lm {

LogicalResult TakeHeadsOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("x", getX().getType(), "B T H d") // C1
      .shape("result", getResult().getType(), "B T C d")
      .element("x", getX().getType()) // C2
      .element("result", getResult().getType());
  if (failed(checks.result()))
    return failure();
  if (checks.size("C") != static_cast<int64_t>(getHeads().size())) // C3
    return emitOpError() << "expects a result of the " << getHeads().size() << " heads that it names, found "
                         << getResult().getType();
  int64_t all = checks.size("H");
  for (int64_t head : getHeads())
    if (head < 0 || head >= all) // C4
      return emitOpError() << "expects heads of x, which is " << getX().getType() << ", found head " << head;
  return success();
}

LogicalResult JoinHeadsOp::verify() {
  ShapeChecks checks(*this);
  checks.shape("result", getResult().getType(), "B T H d").element("result", getResult().getType());
  int64_t sum = 0;
  for (auto [i, part] : llvm::enumerate(getParts())) {
    std::string name = "part " + std::to_string(i), dimension = "H" + std::to_string(i);
    checks.shape(name, part.getType(), "B T " + dimension + " d").element(name, part.getType()); // C1, C2
    if (failed(checks.result()))
      return failure();
    if (ShapedType::isDynamic(checks.size(dimension)))
      return emitOpError() << "expects parts with known heads, found " << part.getType(); // C1
    sum += checks.size(dimension);
  }
  if (sum != checks.size("H") || sum != static_cast<int64_t>(getHeads().size())) // C3
    return emitOpError() << "expects as many heads as its parts have together, " << sum << ", found "
                         << getResult().getType() << " and places for " << getHeads().size();
  llvm::BitVector seen(static_cast<unsigned>(sum));
  for (int64_t head : getHeads()) {
    if (head < 0 || head >= sum || seen.test(static_cast<unsigned>(head))) // C4
      return emitOpError() << "expects every head of 0 to " << sum - 1 << " once, found head " << head
                           << (head < 0 || head >= sum ? "" : " a second time");
    seen.set(static_cast<unsigned>(head));
  }
  return success();
}

} // namespace xlstm::lm
