//===- Mask.cpp - attention masks, read by value --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Transforms/Raise/Mask.h"

#include <set>

using namespace mlir;

namespace xlstm::raise {

/// Masked scores are at or below this; what is seen gets 0.
static constexpr double masked = -1e4;

/// Which keys each query sees, from a mask of any rank: the last two dimensions are queries and keys, the others must
/// agree. Nothing, with the reason, when a value is neither "seen" nor "masked".
static std::optional<std::vector<bool>> readSeen(const Tensor &mask, std::string &why) {
  if (mask.rank() < 2 || mask.shape[mask.rank() - 2] != mask.shape.back() || mask.size() == 0) {
    why = "expected a mask of as many queries as keys, found " + onnx::describe(mask);
    return std::nullopt;
  }
  int64_t block = mask.shape.back() * mask.shape.back();
  std::vector<bool> seen(block);
  for (int64_t i = 0; i < mask.size(); ++i) {
    double value = mask[i];
    if (mask.kind == Kind::Float && value != 0 && !(value <= masked)) {
      why = "expected a mask of 0 and large negative numbers, found " + std::to_string(value);
      return std::nullopt;
    }
    bool isSeen = mask.kind == Kind::Float ? value == 0 : value != 0;
    if (i < block)
      seen[i] = isSeen;
    else if (seen[i % block] != isSeen) {
      why = "expected one mask for all rows and heads";
      return std::nullopt;
    }
  }
  return seen;
}

/// Reads a causal mask off its last row. A window of all tokens or more cannot be told from none.
static std::optional<Mask> classify(const Tensor &mask, bool isCausal, std::string &why) {
  std::optional<std::vector<bool>> seen = readSeen(mask, why);
  if (!seen)
    return std::nullopt;
  int64_t tokens = mask.shape.back(), window = 0;
  for (int64_t t = 0; isCausal && t < tokens; ++t)
    std::fill(seen->begin() + t * tokens + t + 1, seen->begin() + (t + 1) * tokens, false);
  while (window < tokens && (*seen)[tokens * tokens - 1 - window])
    ++window;
  for (int64_t t = 0; t < tokens; ++t)
    for (int64_t j = 0; j < tokens; ++j)
      if ((*seen)[t * tokens + j] != (j <= t && t - window < j)) {
        why = "expected a causal mask, perhaps within a window, found one in which token " + std::to_string(t) +
              ((*seen)[t * tokens + j] ? " sees " : " does not see ") + "token " + std::to_string(j);
        return std::nullopt;
      }
  if (window == 0) {
    why = "expected a mask in which tokens see themselves";
    return std::nullopt;
  }
  return Mask{window < tokens ? std::optional(window) : std::nullopt};
}

/// Integer constants beyond `least` that the mask is computed with: what a window longer than the evaluated text is
/// written as.
static std::vector<std::pair<Value, Tensor>> longConstants(Value mask, int64_t least) {
  std::vector<std::pair<Value, Tensor>> result;
  for (Operation *op : backwardSlice(mask)) {
    std::optional<Tensor> constant = isa<onnx::InitializerOp>(op) ? onnx::constantOf(op->getResult(0)) : std::nullopt;
    if (constant && constant->kind == Kind::Int && constant->size() == 1 &&
        std::abs((*constant)[0]) > static_cast<double>(least) && std::abs((*constant)[0]) < 1e9)
      result.emplace_back(op->getResult(0), *constant);
  }
  return result;
}

/// Looks for a window longer than the evaluated text: puts 5 in place of each long constant and sees whether a window
/// appears.
static std::optional<Mask> findLongWindow(Value mask, onnx::Size size, bool isCausal, std::string &why) {
  constexpr int64_t probe = 5;
  std::optional<int64_t> window;
  for (const auto &[value, constant] : longConstants(mask, probe + 1)) {
    double sign = constant[0] < 0 ? -1 : 1;
    onnx::Values given;
    given[value] = onnx::makeTensor(Kind::Int, constant.shape, {sign * probe});
    std::optional<Tensor> tensor = evaluate(mask, size, given);
    std::optional<Mask> found = tensor ? classify(*tensor, isCausal, why) : std::nullopt;
    if (!found)
      return std::nullopt;
    if (!found->window)
      continue;
    int64_t length = *found->window - probe + static_cast<int64_t>(std::abs(constant[0]));
    window = window ? std::min(*window, length) : length;
  }
  return Mask{window};
}

std::optional<Mask> readMask(onnx::GraphOp graph, Value value, bool isCausal, std::string &why) {
  BlockArgument ids = onnx::findIds(graph);
  if (!ids) {
    why = "expected a graph with token ids";
    return std::nullopt;
  }
  onnx::Size size = probeSizes(ids).back();
  std::optional<Tensor> tensor = evaluate(value, size);
  if (!tensor) {
    why = "expected a mask that does not depend on the tokens";
    return std::nullopt;
  }
  std::optional<Mask> mask = classify(*tensor, isCausal, why);
  if (!mask || mask->window || onnx::constantOf(value))
    return mask;
  return findLongWindow(value, size, isCausal, why);
}

} // namespace xlstm::raise
