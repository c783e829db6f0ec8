//===- KernelDialect.h - the kernel dialect: calls over memory --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_KERNEL_KERNELDIALECT_H
#define DIALECTS_KERNEL_KERNELDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/KernelEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Kernel/KernelTypes.h.inc"

namespace xlstm::kernel {
/// Whether views and types of a kernel call agree with its description.
mlir::LogicalResult verifyCall(mlir::Operation *op);
} // namespace xlstm::kernel

namespace mlir::OpTrait {
/// A call of the kernel that has the op's name (dialects/Kernel/KernelCall.h reads it).
template <typename ConcreteType>
class KernelCall : public TraitBase<ConcreteType, KernelCall> {
public:
  static LogicalResult verifyTrait(Operation *op) { return ::xlstm::kernel::verifyCall(op); }
};
} // namespace mlir::OpTrait

#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

#endif // DIALECTS_KERNEL_KERNELDIALECT_H
