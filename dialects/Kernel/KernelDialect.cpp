//===- KernelDialect.cpp - registration of the kernel dialect ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/KernelEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Kernel/KernelTypes.cpp.inc"

namespace xlstm::kernel {

int64_t PanelType::getBytes() const {
  switch (getKind()) {
  case PanelKind::F32:
    return 4 * columns;
  case PanelKind::BF16:
  case PanelKind::F16:
    return 2 * columns;
  case PanelKind::Q8:
    return columns + 2;
  case PanelKind::Q4:
    return columns / 2 + 2;
  case PanelKind::Q4M:
    return columns / 2 + 4;
  }
  return 0;
}

void KernelDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Kernel/KernelTypes.cpp.inc"
      >();
}

void KernelDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
}

} // namespace xlstm::kernel
