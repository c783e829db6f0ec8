//===- KernelBuilder.h - kernel calls in place of lm ops ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOKERNEL_KERNELBUILDER_H
#define LIB_CONVERSION_LMTOKERNEL_KERNELBUILDER_H

#include "dialects/Kernel/KernelCall.h"
#include "dialects/LM/LMDialect.h"

#include "mlir/Transforms/DialectConversion.h"

namespace xlstm {

/// The state of a text that counts its tokens; mixers that count for themselves have one called `<mixer>.position`.
constexpr llvm::StringLiteral positionName = "position";

/// Whose kernels are called; `panels`: on the CPU, weights lie in panels where they may (PanelWeights.h).
struct KernelChoice {
  kernel::Target target = kernel::Target::Cpu;
  bool panels = false;
};

/// Builds what stands for one lm op.
class KernelBuilder {
public:
  KernelBuilder(mlir::ConversionPatternRewriter &rewriter, mlir::Operation *op, const KernelChoice &choice = {})
      : rewriter(rewriter), loc(op->getLoc()), choice(choice) {}

  /// Memory for a value of the lm op.
  mlir::Value buffer(mlir::Value like);
  mlir::Value buffer(mlir::MemRefType type);
  /// Calls a kernel; views whose rows lie apart are copied first where it asks for dense ones.
  void call(llvm::StringRef kernel, llvm::ArrayRef<mlir::Value> views, llvm::ArrayRef<mlir::Attribute> numbers = {});
  /// The same memory, `offset` bytes behind its beginning, as `shape` with `strides`.
  mlir::Value view(mlir::Value source, int64_t offset, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> strides);
  mlir::Value weight(lm::ParamOp param);
  /// Blocks of a weight that has none.
  mlir::Value weight(lm::TakeBlocksOp blocks);
  /// Weights one behind the other; `like` has their type.
  mlir::Value join(mlir::Value like, mlir::ValueRange parts);
  mlir::Value state(const llvm::Twine &name, mlir::MemRefType type, float init);
  /// Whether a call may have fewer tokens than there is room for, so that nothing may lie at the last one's place.
  bool mayHaveFewerTokens() const { return choice.target == kernel::Target::Cpu; }
  /// The kernel `name`, or the one for panels where `weight` lies in them.
  std::string forPanels(llvm::StringRef name, mlir::Value weight);
  /// Angular frequencies as fixed-point turns (Kernels/Turns.h).
  mlir::Value turns(mlir::ArrayRef<double> frequencies);
  mlir::Attribute f32(double value) { return rewriter.getF32FloatAttr(static_cast<float>(value)); }
  mlir::Attribute i64(int64_t value) { return rewriter.getI64IntegerAttr(value); }

private:
  /// Dense, as the kernel asks for it: the view itself, or a copy.
  mlir::Value densely(mlir::Value view);

  /// The memory of a weight, in panels where it may be.
  mlir::MemRefType weightType(mlir::Value weight);

  mlir::ConversionPatternRewriter &rewriter;
  mlir::Location loc;
  KernelChoice choice;
};

/// The dense memory of a tensor.
mlir::MemRefType memoryType(mlir::Type tensor);

/// Every pattern from an op to its kernels. They have no type converter: what is memory may have any strides.
void populateKernelPatterns(mlir::RewritePatternSet &patterns, const KernelChoice &choice);

/// What a converted function gets when all its calls are there: logits written where the caller wants them, the step of
/// its position, constants once, and on CUDA the kernels' own memory and what need not wait for what.
void finishFunction(kernel::FuncOp function);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOKERNEL_KERNELBUILDER_H
