//===- StateSize.cpp - what a text costs in memory ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/StateSize.h"
#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ModuleReader.h"
#include "dialects/LM/TensorSize.h"
#include "xlstm/Init/RegisterAll.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Support/Error.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace xlstm {

/// Bytes of the state where full attention keeps `context` tokens.
static int64_t stateBytes(std::string_view mlir, const std::string &origin, int64_t context) {
  std::string text = rewriteModule(mlir, origin, "xlstm-build-decode{batch=1 context=" + std::to_string(context) + "}");
  DialectRegistry registry;
  registerAllXlstmDialects(registry);
  MLIRContext mlirContext(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = lm::readModule(text, origin, mlirContext);
  auto decode = module ? module->lookupSymbol<lm::ModelOp>("decode") : lm::ModelOp();
  if (!decode)
    fail(origin, ": has no @decode");
  int64_t bytes = 0;
  for (unsigned i = decode.getFirstStateArgument(); i < decode.getNumArguments(); ++i)
    bytes += lm::storageBytes(cast<RankedTensorType>(decode.getArgument(i).getType())).value_or(0);
  return bytes;
}

StateSize stateSize(std::string_view mlir, const std::string &origin) {
  int64_t one = stateBytes(mlir, origin, 1), two = stateBytes(mlir, origin, 2);
  return {2 * one - two, two - one};
}

} // namespace xlstm
