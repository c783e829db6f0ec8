//===- Evaluate.h - shapes and values of onnx nodes -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What exporters write around a model (shape arithmetic, masks, rotary tables) is understood by its value: the passes
// evaluate it for a small batch and length instead of matching its many spellings.

#ifndef LIB_TRANSFORMS_RAISE_EVALUATE_H
#define LIB_TRANSFORMS_RAISE_EVALUATE_H

#include "lib/Transforms/Raise/Tensor.h"

#include "mlir/IR/Operation.h"

namespace xlstm::raise {

/// One evaluation: fills `outputs`, or says in `error` what the node expected and what it found.
struct Call {
  mlir::Operation *op;
  llvm::ArrayRef<Tensor> inputs;
  llvm::SmallVector<Tensor, 4> outputs;
  std::string error;

  bool fail(const llvm::Twine &text) {
    error = text.str();
    return false;
  }
  bool done(Tensor output) {
    outputs.assign(1, std::move(output));
    return true;
  }
  bool has(unsigned i) const { return i < inputs.size() && inputs[i].kind != Kind::None; }
  int64_t attr(llvm::StringRef name, int64_t fallback) const;
  /// An axis attribute or operand brought into [0, rank); nothing when it is out of range (with error set).
  std::optional<int64_t> axis(int64_t value, int64_t rank);
  /// The integers of operand i; nothing when they are not known (with error set).
  std::optional<llvm::SmallVector<int64_t, 4>> integers(unsigned i);
};

using Evaluator = bool (*)(Call &);

/// The evaluator of an operator's mnemonic; null when there is none.
Evaluator findEvaluator(llvm::StringRef mnemonic);

/// The shape that both broadcast to (ONNX "Multidirectional broadcasting"); nothing when there is none.
std::optional<llvm::SmallVector<int64_t, 4>> broadcast(llvm::ArrayRef<int64_t> a, llvm::ArrayRef<int64_t> b);
/// The position in a tensor of `shape` of the element that broadcasting shows at `index`.
int64_t broadcastPosition(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index);

// The groups of operators, each a file.
Evaluator findElementwise(llvm::StringRef mnemonic);
Evaluator findMovement(llvm::StringRef mnemonic);
Evaluator findIndexing(llvm::StringRef mnemonic);
Evaluator findReduction(llvm::StringRef mnemonic);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_EVALUATE_H
