//===- xlstm-lsp-server.cpp - our dialects in an editor -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Init/RegisterAll.h"
#include "xlstm/Runtime/Files/StandardStreams.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/LogicalResult.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  xlstm::openStandardStreams();
  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
