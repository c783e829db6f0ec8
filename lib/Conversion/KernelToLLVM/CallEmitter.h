//===- CallEmitter.h - C calls of a planned function --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_KERNELTOLLVM_CALLEMITTER_H
#define LIB_CONVERSION_KERNELTOLLVM_CALLEMITTER_H

#include "dialects/Kernel/KernelCall.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <set>
#include <string>

namespace xlstm {

/// A function that says how many bytes a kernel needs, and its constant arguments: types, then sizes.
struct SizeQuery {
  std::string function;
  std::vector<int32_t> types;
  std::vector<int64_t> sizes;
  auto operator<=>(const SizeQuery &) const = default;
};

/// What kernels ask for beside their views, over all functions of a model.
using SizeQueries = std::map<std::string, std::set<SizeQuery>>; // by "workspace" and "zeroed"

/// Constants and calls of C functions at the builder's place.
class CEmitter {
public:
  CEmitter(mlir::ModuleOp module, mlir::OpBuilder &builder) : module(module), builder(builder) {}

  mlir::Value i64(mlir::Location loc, int64_t value);
  mlir::Value i32(mlir::Location loc, int64_t value);
  mlir::Value number(mlir::Location loc, mlir::TypedAttr value);
  mlir::Value null(mlir::Location loc);
  mlir::Value at(mlir::Location loc, mlir::Value base, int64_t offset);
  /// Declares `function` where this is its first call.
  mlir::LLVM::CallOp call(mlir::Location loc, llvm::StringRef function, mlir::ValueRange operands, mlir::Type result);
  /// Returns what the call returned, an int, from the current function unless that is 0.
  void returnError(mlir::LLVM::CallOp call);
  /// A loop of `first`, `first` + `step`, ... below `end`; behind it the builder stands in a block of its own.
  void loop(mlir::Location loc, mlir::Value first, mlir::Value end, mlir::Value step,
            llvm::function_ref<void(mlir::Value)> body);
  /// Returns `results` from the current function where `condition` does not hold.
  void returnUnless(mlir::Location loc, mlir::Value condition, mlir::ValueRange results);

protected:
  mlir::ModuleOp module;
  mlir::OpBuilder &builder;
};

/// Emits one kernel.func, op by op. `arenas` has the pointers of the memories, "ids" and "logits" by name; on the CPU
/// also "team" and "tokens": how many tokens a call has, of `most`. Where rows are apart tokens are rows, and "states"
/// points to the pointers of their states; on CUDA "apart" has how far behind "state" each lies, in the device's memory.
class CallEmitter : CEmitter {
public:
  CallEmitter(mlir::ModuleOp module, mlir::OpBuilder &builder, kernel::FuncOp function, int64_t most,
              llvm::StringMap<mlir::Value> arenas, mlir::Value stream, SizeQueries &queries)
      : CEmitter(module, builder), target(function.getTarget()), rowsApart(function.getRowsApart()), most(most),
        arenas(std::move(arenas)), stream(stream), queries(queries) {}

  void emit(mlir::Operation *op);

private:
  mlir::Value pointerOf(mlir::Operation *op);
  void emitCall(mlir::Operation *op);
  /// Whether the call has a state of each row, and one launch for all of them.
  bool isApart(mlir::Operation *op) const;
  /// The call once a row, each with its own state.
  void emitRows(mlir::Operation *op);
  void emitRow(mlir::Operation *op, mlir::Value row);
  /// Where the row's part of a view lies; the view itself where it has no rows.
  mlir::Value rowOf(mlir::Value view, mlir::Value row);
  void emitOnTarget(mlir::Operation *op, mlir::ArrayRef<mlir::Value> views, mlir::ArrayRef<mlir::Value> sizes,
                    llvm::ArrayRef<int64_t> strides);
  /// A size or number of a call, which is a multiple of its tokens where the kernel says that it grows with them.
  mlir::Value size(mlir::Location loc, const KernelDescription &kernel, std::string_view name, int64_t value);
  void returnWithoutLogits(mlir::Location loc);
  void emitCpu(mlir::Operation *op, const kernel::Call &call, mlir::ArrayRef<mlir::Value> arguments);
  void askFor(std::string_view memory, const std::string &name, mlir::Operation *op, const std::vector<int32_t> &types);
  void emitCuda(mlir::Operation *op, const kernel::Call &call, mlir::ArrayRef<mlir::Value> arguments);

  kernel::Target target;
  bool rowsApart;
  int64_t most;
  llvm::StringMap<mlir::Value> arenas;
  mlir::Value stream;
  SizeQueries &queries;
  llvm::DenseMap<mlir::Value, mlir::Value> pointers;
};

/// The enum xlstm_dtype of a type's name.
int32_t enumOf(llvm::StringRef type);

} // namespace xlstm

#endif // LIB_CONVERSION_KERNELTOLLVM_CALLEMITTER_H
