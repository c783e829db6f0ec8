//===- Import.cpp - xlstm import: a teacher's files become a bundle -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChatCheck.h"
#include "Commands.h"
#include "Models.h"
#include "VerifyRaise.h"

#include "xlstm/Import/Gguf.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"
#include "xlstm/Support/Quote.h"

#include <iostream>

namespace fs = std::filesystem;

namespace xlstm {

static std::string raise(std::string_view module, const std::string &origin) {
  return rewriteModule(module, origin, "xlstm-raise-pipeline");
}

namespace {
enum class Source { Folder, Onnx, Gguf };
} // namespace

/// What `source` is, by what lies there; refused when it is no kind of teacher.
static Source kindOf(const fs::path &source) {
  constexpr const char *expected = ": expected a Hugging Face folder, an .onnx file or a .gguf file, found ";
  std::error_code error;
  if (!fs::exists(source, error))
    fail(source.string(), expected, "nothing", hubHint(source.string()));
  if (fs::is_directory(source, error))
    return Source::Folder;
  if (source.extension() == ".onnx")
    return Source::Onnx;
  if (source.extension() == ".gguf" || isGguf(source)) // such as a blob of a download cache, which has no ending
    return Source::Gguf;
  fail(source.string(), expected, "'", source.filename().string(), "'");
}

static void warn(const std::vector<std::string> &warnings) {
  for (const std::string &warning : warnings)
    std::cerr << "xlstm: warning: " << escapeControls(warning) << '\n';
}

void importTeacher(const fs::path &source, const fs::path &output, WeightTransfer transfer) {
  Source kind = kindOf(source);
  if (kind == Source::Onnx)
    warn(importOnnx(source, output, raise));
  else if (kind == Source::Gguf)
    warn(importGguf(source, output));
  else
    warn(importHuggingFace(source, output, transfer));
  warnOfChatTemplate(output);
}

std::string moduleOfTeacher(const fs::path &source) {
  if (Bundle::isBundle(source))
    return readTextFile(Bundle::open(source).modelFile());
  Source kind = kindOf(source);
  if (kind == Source::Onnx)
    return raise(OnnxModel::open(source).bytecode(), source.string());
  return kind == Source::Gguf ? readGgufTeacher(source).module : huggingFaceModule(source);
}

void addImportCommand(CLI::App &app) {
  struct Settings {
    fs::path source, output, base;
    bool raw = false, link = false, verify = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("import", "Make a bundle of a teacher: IR, weights, tokenizer");
  verb->add_option("teacher", settings->source,
                   "Hugging Face folder, an .onnx file, a .gguf file or, with --base, a LoRA adapter")
      ->required();
  verb->add_option("-o,--output", settings->output, "Folder of the bundle; with --raw an .mlir file")->required();
  CLI::Option *base =
      verb->add_option("--base", settings->base, "The Hugging Face folder that a LoRA adapter is merged into");
  verb->add_flag("--raw", settings->raw, "Of an ONNX file, write the onnx module op for op, not raised");
  verb->add_flag("--verify-raise", settings->verify,
                 "Of an ONNX file, run graph and raised module on random ids and compare every lifted region");
  verb->add_flag("--link", settings->link,
                 "Of a Hugging Face folder, share the weights' files (hard links) instead of copying them")
      ->excludes(base);
  verb->callback([settings] {
    if (!settings->base.empty())
      return warn(importAdapter(settings->source, settings->base, settings->output));
    if ((settings->raw || settings->verify) && kindOf(settings->source) != Source::Onnx)
      fail(settings->source.string(), ": expected an .onnx file with ", settings->raw ? "--raw" : "--verify-raise",
           ", found another teacher");
    settings->raw ? checkOutput(settings->output, OutputKind::File, {settings->source})
                  : checkBundleOutput(settings->output, {settings->source});
    if (settings->verify)
      return warn(importVerified(settings->source, settings->output));
    if (!settings->raw)
      return importTeacher(settings->source, settings->output,
                           settings->link ? WeightTransfer::Link : WeightTransfer::Copy);
    writeTextFile(settings->output, OnnxModel::open(settings->source).text());
  });
}

} // namespace xlstm
