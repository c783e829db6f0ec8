//===- Import.cpp - xlstm import: a teacher's files become a bundle -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Support/Error.h"

#include <iostream>

namespace fs = std::filesystem;

namespace xlstm {

static std::string raise(std::string_view module, const std::string &origin) {
  return rewriteModule(module, origin, "xlstm-raise-pipeline");
}

/// What `source` is, by what lies there; refused when it is neither kind of teacher.
static bool isOnnx(const fs::path &source) {
  std::error_code error;
  if (!fs::exists(source, error))
    fail(source.string(), ": expected a Hugging Face folder or an .onnx file, found nothing");
  if (fs::is_directory(source, error))
    return false;
  if (source.extension() == ".onnx")
    return true;
  fail(source.string(), ": expected a Hugging Face folder or an .onnx file, found '", source.filename().string(), "'");
}

void importTeacher(const fs::path &source, const fs::path &output, WeightTransfer transfer) {
  if (isOnnx(source))
    return importOnnx(source, output, raise);
  for (const std::string &warning : importHuggingFace(source, output, transfer))
    std::cerr << "xlstm: warning: " << warning << '\n';
}

void addImportCommand(CLI::App &app) {
  struct Settings {
    fs::path source, output;
    bool raw = false, link = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("import", "Make a bundle of a teacher: IR, weights, tokenizer");
  verb->add_option("teacher", settings->source, "Hugging Face folder, or an .onnx file")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the bundle; with --raw an .mlir file")->required();
  verb->add_flag("--raw", settings->raw, "Of an ONNX file, write the onnx module op for op, not raised");
  verb->add_flag("--link", settings->link,
                 "Of a Hugging Face folder, share the weights' files (hard links) instead of copying them");
  verb->callback([settings] {
    if (!settings->raw)
      return importTeacher(settings->source, settings->output,
                           settings->link ? WeightTransfer::Link : WeightTransfer::Copy);
    if (!isOnnx(settings->source))
      fail(settings->source.string(), ": expected an .onnx file with --raw, found a folder");
    writeTextFile(settings->output, OnnxModel::open(settings->source).text());
  });
}

} // namespace xlstm
