//===- xlstm-lsp-server.cpp - our dialects in an editor -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Init/RegisterAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
