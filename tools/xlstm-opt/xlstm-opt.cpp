//===- xlstm-opt.cpp - drive every pass by hand ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Init/RegisterAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  xlstm::registerAllXlstmPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "xlstm-opt: look at, and drive, every rewrite\n", registry));
}
