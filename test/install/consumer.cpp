//===- consumer.cpp - a tool of somebody else, on an installed Xlstm ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// consumer MODEL.mlir: linearizes it, and says how many mLSTMs it then has.

#include "dialects/XLSTM/XLSTMDialect.h"
#include "xlstm/Init/RegisterAll.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  xlstm::registerAllXlstmDialects(registry);
  xlstm::registerAllXlstmPasses();
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argc > 1 ? argv[1] : "", &context);
  mlir::PassManager passes(&context);
  if (!module || failed(mlir::parsePassPipeline("xlstm-linearize{window=8 sinks=1}", passes)) || failed(passes.run(*module)))
    return 1;
  int count = 0;
  module->walk([&](xlstm::xlstm::MlstmOp) { ++count; });
  llvm::outs() << count << " mLSTMs\n";
}
