//===- xlstm-opt.cpp - drive every pass by hand ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Init/RegisterAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"

int main(int argc, char **argv) {
  // What LLVM's libraries offer would bury our passes in --help; --help-hidden still shows it.
  for (auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (option->Categories.front()->getName() != "Generic Options")
      option->setHiddenFlag(llvm::cl::Hidden);

  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  xlstm::registerAllXlstmPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "xlstm-opt: look at, and drive, every rewrite\n", registry));
}
