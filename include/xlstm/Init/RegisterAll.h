//===- RegisterAll.h - every dialect and pass of the project --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Only declares: what registration needs to include stays in lib/Init.

#ifndef XLSTM_INIT_REGISTERALL_H
#define XLSTM_INIT_REGISTERALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace xlstm {

/// Our dialects, those of upstream that our passes read or write, and the interfaces these promise.
void registerAllXlstmDialects(mlir::DialectRegistry &registry);

/// Our passes and pipelines, and the few of upstream that are useful beside them. May be called again.
void registerAllXlstmPasses();

} // namespace xlstm

#endif // XLSTM_INIT_REGISTERALL_H
