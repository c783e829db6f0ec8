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
static int64_t stateBytes(std::string_view mlir, const std::string &origin, int64_t context, bool bf16) {
  const std::string name = "state_size"; // a module may have its @decode already
  std::string passes =
      "xlstm-build-prefill{batch=1 tokens=1 name=" + name + " context=" + std::to_string(context) + "}";
  std::string text = rewriteModule(mlir, origin, passes + (bf16 ? ",xlstm-set-precision{type=bf16}" : ""));
  DialectRegistry registry;
  registerAllXlstmDialects(registry);
  MLIRContext mlirContext(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = lm::readModule(text, origin, mlirContext);
  auto function = module ? module->lookupSymbol<lm::ModelOp>(name) : lm::ModelOp();
  if (!function)
    fail(origin, ": expected a model that can be run token by token");
  int64_t bytes = 0;
  for (unsigned i = function.getFirstStateArgument(); i < function.getNumArguments(); ++i)
    bytes += lm::storageBytes(cast<RankedTensorType>(function.getArgument(i).getType())).value_or(0);
  return bytes;
}

StateSize stateSize(std::string_view mlir, const std::string &origin, bool bf16) {
  int64_t one = stateBytes(mlir, origin, 1, bf16), two = stateBytes(mlir, origin, 2, bf16);
  return {2 * one - two, two - one};
}

} // namespace xlstm
