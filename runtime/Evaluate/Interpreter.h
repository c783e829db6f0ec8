//===- Interpreter.h - values and op table of the evaluator ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_INTERPRETER_H
#define XLSTM_RUNTIME_EVALUATE_INTERPRETER_H

#include "dialects/XLSTM/XLSTMDialect.h"
#include "runtime/Evaluate/Tokens.h"
#include "runtime/Evaluate/Types.h"
#include "xlstm/Runtime/Evaluate/Program.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

namespace xlstm::evaluate {

/// What the frames of one run share. Who runs a part of it again later keeps it.
struct SharedRun {
  std::shared_ptr<const void> program; // holds the ops
  TokenTables tables;
};

/// One run of one function, or of a layer alone: its values, each kept until its last use.
class Frame {
public:
  Frame(const ParamMap &params, const EvalOptions &options, c10::Device device, std::shared_ptr<SharedRun> run)
      : params(params), options(options), device(device), run(std::move(run)), tables(this->run->tables) {}

  /// `op` runs next: its operands are widened to the type in which it computes.
  void begin(mlir::Operation &op) { computed = computedAs(op, options.type, device); }
  /// Floats are rounded to the type in which the value is held.
  void set(mlir::Value value, at::Tensor tensor);
  /// A value that another frame has set, as it is held there.
  void give(mlir::Value value, at::Tensor tensor);
  /// The value for one of its uses, in the type in which the op computes.
  at::Tensor take(mlir::Value value) { return widen(takeHeld(value)); }
  /// The same as it is held, for ops that only move it.
  at::Tensor takeHeld(mlir::Value value);
  at::Tensor widen(at::Tensor tensor) const;
  at::ScalarType computedType() const { return computed; }
  /// The value without using it; undefined when nobody uses it.
  at::Tensor peek(mlir::Value value) const { return values.lookup(value).tensor; }
  bool isSet(mlir::Value value) const { return values.count(value); }
  /// As take(), undefined for an absent optional operand.
  at::Tensor takeOptional(mlir::Value value) { return value ? take(value) : at::Tensor(); }

  const ParamMap &params;
  const EvalOptions &options;
  const c10::Device device;
  const std::shared_ptr<SharedRun> run;
  TokenTables &tables;
  int64_t layer = -1; // the layer that runs
  /// Where it is given, the ops that run; others have no results.
  const llvm::DenseSet<mlir::Operation *> *chosen = nullptr;

private:
  struct Entry {
    at::Tensor tensor;
    size_t usesLeft = 0;
  };
  llvm::DenseMap<mlir::Value, Entry> values;
  at::ScalarType computed = at::kFloat;
};

using OpFunction = void (*)(mlir::Operation *, Frame &);
/// From an op's name to what it does.
using OpTable = llvm::StringMap<OpFunction>;

void addTensorOps(OpTable &table);
void addLinearOps(OpTable &table);
void addLayerOp(OpTable &table);
void addAttentionOps(OpTable &table);
void addHeadOps(OpTable &table);
void addMixerOps(OpTable &table);
void addLossOps(OpTable &table);

/// Sets a weight, where an op has not brought it before its turn.
void runParam(lm::ParamOp op, Frame &frame);

/// A rotation's angles a position, [d / 2] in float64; one tensor a device, brought there once.
at::Tensor frequenciesOn(c10::Device device, lm::RopeAttr rope, int64_t d);

/// Attention of whole documents: window 0 sees all of them; docs [B, T] as documentStarts gives them.
at::Tensor attendDocuments(const at::Tensor &q_BTHd, const at::Tensor &k_BTKd, const at::Tensor &v_BTKd,
                           const at::Tensor &docs, int64_t window, int64_t sinks, double scale, Frame &frame);

/// Adapts a function of one op class.
template <typename OpT, void (*function)(OpT, Frame &)>
void addOp(OpTable &table) {
  table[OpT::getOperationName()] = [](mlir::Operation *op, Frame &frame) { function(mlir::cast<OpT>(op), frame); };
}

const OpTable &opTable();
/// Runs the ops of a block up to its terminator, whose operands are returned; undefined where their op was not chosen.
/// Throws Error that names the op.
std::vector<at::Tensor> runBlock(mlir::Block &block, Frame &frame);

/// "model.mlir:12:8", or "@model" where the location is not in a file.
std::string describe(mlir::Location location);

} // namespace xlstm::evaluate

#endif // XLSTM_RUNTIME_EVALUATE_INTERPRETER_H
