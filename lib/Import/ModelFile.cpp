//===- ModelFile.cpp - what exports of every format begin and end with ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/ModelFile.h"

#include "dialects/LM/LMDialect.h"
#include "dialects/LM/ModuleReader.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

using namespace mlir;
namespace fs = std::filesystem;

namespace xlstm {

OwningOpRef<ModuleOp> readModelFile(MLIRContext &context, const std::string &file) {
  std::string reason;
  ScopedDiagnosticHandler keep(&context, [&](Diagnostic &diagnostic) {
    if (reason.empty())
      reason = diagnostic.str();
    return success();
  });
  OwningOpRef<ModuleOp> module = lm::readModule(readTextFile(file), file, context);
  if (!module || !module->lookupSymbol<lm::ModelOp>("model"))
    fail(file, ": expected a module with the lm.model @model: ", module ? "found none" : reason);
  return module;
}

static void fill(const fs::path &source, const fs::path &output, const ExportOptions &options,
                 const std::function<void(const Bundle &, const fs::path &)> &write) {
  checkOutput(output, OutputKind::Folder, {source});
  if (fs::exists(output) && !(fs::is_directory(output) && fs::is_empty(output)))
    fail(output.string(), ": cannot be written: expected an empty folder or none, found ",
         fs::is_directory(output) ? "files" : "a file");
  Bundle bundle = Bundle::open(source);
  if (!options.allowNonFinite)
    checkFinite(bundle.weights);
  AtomicDirectory directory(output);
  carryModelFiles(bundle.folder, directory.path());
  write(bundle, directory.path());
  directory.commit();
}

void writeExport(const fs::path &source, const fs::path &output, const ExportOptions &options,
                 const std::function<void(const Bundle &, const fs::path &)> &write) {
  try {
    fill(source, output, options, write);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

} // namespace xlstm
