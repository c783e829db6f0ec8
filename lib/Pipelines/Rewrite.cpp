//===- Rewrite.cpp - run a pass pipeline over module text -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/Rewrite.h"
#include "dialects/LM/ModuleReader.h"
#include "xlstm/Init/RegisterAll.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <iostream>

using namespace mlir;

namespace xlstm {

namespace {

/// Keeps the first error as one line, `origin:line:col: error: text`, and passes warnings on to stderr.
class DiagnosticText {
public:
  DiagnosticText(MLIRContext &context, const std::string &origin)
      : origin(origin), handler(&context, [this](Diagnostic &diagnostic) { return take(diagnostic); }) {}

  [[noreturn]] void raise(const std::string &otherwise) const {
    throw Error(first.empty() ? origin + ": error: " + otherwise : first);
  }

private:
  LogicalResult take(Diagnostic &diagnostic) {
    bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
    if (isError && first.empty())
      first = place(diagnostic.getLocation()) + ": error: " + oneLine(diagnostic);
    if (diagnostic.getSeverity() == DiagnosticSeverity::Warning)
      std::cerr << "xlstm: warning: " << escapeControls(place(diagnostic.getLocation()) + ": " + oneLine(diagnostic))
                << '\n';
    return success();
  }

  std::string place(Location loc) const {
    auto inFile = loc->findInstanceOf<FileLineColLoc>();
    if (!inFile || inFile.getLine() == 0) // a module that the text leaves implicit stands at line 0
      return origin;
    return inFile.getFilename().str() + ":" + std::to_string(inFile.getLine()) + ":" +
           std::to_string(inFile.getColumn());
  }

  static std::string oneLine(Diagnostic &diagnostic) {
    std::string text = diagnostic.str();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
  }

  std::string origin, first;
  ScopedDiagnosticHandler handler;
};

/// The parser's first error without its own "place: error: ", which counts columns of the pipeline. LLVM's command line
/// library names a value that it cannot read on stderr, not here.
std::string pipelineError(llvm::StringRef text) {
  llvm::StringRef line = text.split('\n').first;
  if (line.empty())
    return "an option has a value that it cannot take";
  size_t at = line.find("error: ");
  return (at == llvm::StringRef::npos ? line : line.substr(at + 7)).str();
}

} // namespace

std::string rewriteModule(std::string_view mlir, const std::string &origin, const std::string &pipeline) {
  registerAllXlstmPasses();
  DialectRegistry registry;
  registerAllXlstmDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  DiagnosticText diagnostics(context, origin);

  OwningOpRef<ModuleOp> module = lm::readModule(mlir, origin, context);
  if (!module)
    diagnostics.raise("is not a module");

  PassManager passes(&context);
  std::string errors;
  llvm::raw_string_ostream errorStream(errors);
  if (failed(parsePassPipeline(pipeline, passes, errorStream)))
    fail("pipeline '", pipeline, "': ", pipelineError(errors));
  if (failed(passes.run(*module)))
    diagnostics.raise("pipeline '" + pipeline + "' failed");

  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';
  return text;
}

} // namespace xlstm
