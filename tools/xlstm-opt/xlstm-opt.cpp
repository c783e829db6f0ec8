//===- xlstm-opt.cpp - drive every pass by hand ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Init/RegisterAll.h"
#include "xlstm/Runtime/Files/StandardStreams.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

int main(int argc, char **argv) {
  xlstm::openStandardStreams();
  // What LLVM's libraries offer would bury our passes in --help; --help-hidden still shows it.
  for (auto &[name, option] : llvm::cl::getRegisteredOptions())
    if (option->Categories.front()->getName() != "Generic Options")
      option->setHiddenFlag(llvm::cl::Hidden);

  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  xlstm::registerAllXlstmPasses();
  int code =
      mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "xlstm-opt: look at, and drive, every rewrite\n", registry));
  llvm::errs().clear_error(); // else a closed standard error changes the exit code
  return code;
}
