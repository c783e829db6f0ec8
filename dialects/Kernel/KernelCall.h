//===- KernelCall.h - a kernel call and its description ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_KERNEL_KERNELCALL_H
#define DIALECTS_KERNEL_KERNELCALL_H

#include "dialects/Kernel/KernelDialect.h"
#include "xlstm/Kernels/Description.h"

#include "mlir/IR/Builders.h"

namespace xlstm::kernel {

/// Size of a view in memory. Views begin where their pointer points: memref types with an offset are refused.
struct Layout {
  /// Of a static memref with strides; failure for any other type.
  static mlir::FailureOr<Layout> of(mlir::Type type);

  /// Elements from the first to behind the last.
  int64_t span() const;
  bool isDense() const { return hasDenseTail(0); }
  /// Whether the dimensions from `first` on lie side by side.
  bool hasDenseTail(unsigned first) const;
  /// The elements between rows, where the first `count` dimensions count rows that are equally far apart.
  mlir::FailureOr<int64_t> rowStride(unsigned count) const;

  llvm::SmallVector<int64_t> shape, strides;
  int64_t elementBytes;
  int64_t alignment; // what an element's place is a multiple of
};

/// From the first byte of a static view to behind the last.
int64_t bytesOf(mlir::Value view);
/// Every place in memory begins at a multiple of this.
constexpr int64_t placeAlignment = 64;

/// f32, bf16, f16, i32, i64; f32p, bf16p, f16p, q8p, q4p, q4mp of panels; or empty.
llvm::StringRef typeName(mlir::Type element);

/// A kernel call seen through its description.
class Call {
public:
  static bool isa(mlir::Operation *op) { return op->hasTrait<mlir::OpTrait::KernelCall>(); }
  explicit Call(mlir::Operation *op);

  const KernelDescription &description() const { return *kernel; }
  /// Null where the view is absent.
  mlir::Value view(unsigned i) const { return views[i]; }
  /// Workspace and zeroed; null where absent.
  mlir::Value memory(llvm::StringRef name) const { return name == "workspace" ? workspace : zeroed; }

  /// The sizes by name; failure, with an error on the op, where views do not agree. An absent view's own sizes are 0.
  mlir::FailureOr<llvm::SmallVector<int64_t>> sizes() const;
  /// Of the views whose rows may lie apart; the width where a view is absent.
  llvm::SmallVector<int64_t> strides() const;
  /// Their elements a row: what strides() are where there is one row.
  llvm::SmallVector<int64_t> widths() const;
  llvm::SmallVector<mlir::TypedAttr> numbers() const;
  /// The values of the type variables on the target; failure, with an error on the op, where the target has no such
  /// kernel.
  mlir::FailureOr<std::vector<std::string_view>> types(Target target) const;

private:
  /// Of each view whose rows may lie apart: `measure` of its layout and of how many leading dimensions count rows.
  llvm::SmallVector<int64_t> eachRow(llvm::function_ref<int64_t(const Layout &, unsigned)> measure) const;
  const KernelDescription::Choices &choices(Target target) const {
    return target == Target::Cpu ? kernel->cpu : kernel->cuda;
  }

  mlir::Operation *op;
  const KernelDescription *kernel;
  llvm::SmallVector<mlir::Value> views;
  mlir::Value workspace, zeroed;
};

/// Calls `kernel` with views (null: absent) and numbers in its description's order.
mlir::Operation *createCall(mlir::OpBuilder &builder, mlir::Location loc, llvm::StringRef kernel,
                            llvm::ArrayRef<mlir::Value> views, llvm::ArrayRef<mlir::Attribute> numbers = {},
                            mlir::Value workspace = {}, mlir::Value zeroed = {});

} // namespace xlstm::kernel

#endif // DIALECTS_KERNEL_KERNELCALL_H
