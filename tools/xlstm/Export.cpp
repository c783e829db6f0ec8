//===- Export.cpp - xlstm export: a bundle in the formats of others -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Import/Export.h"

namespace xlstm {

void addExportCommand(CLI::App &app) {
  using Writer = void (*)(const std::filesystem::path &, const std::filesystem::path &, const ExportOptions &);
  struct Settings : ExportOptions {
    std::filesystem::path bundle, output;
    std::string format = "hf";
  };
  static const std::map<std::string, Writer> writers = {
      {"gguf", exportGguf}, {"hf", exportHuggingFace}, {"onnx", exportOnnx}};
  auto settings = std::make_shared<Settings>();
  CLI::App *verb =
      app.add_subcommand("export", "Write a bundle for other tools: transformers, an ONNX runtime, readers of GGUF");
  verb->add_option("bundle", settings->bundle, "Bundle of a teacher, whatever it was imported from, or of a student")
      ->required();
  verb->add_option("-o,--output", settings->output, "Folder to write, empty or not there; with gguf a file")
      ->required();
  verb->add_option("--format", settings->format,
                   "hf: a Hugging Face folder, a student's with the code that computes it; onnx: model.onnx with "
                   "explicit state; gguf: a student as one file, for xlstm import")
      ->check(CLI::IsMember(writers))
      ->capture_default_str();
  verb->add_option("--max-shard-size", settings->maxShardBytes, "Largest file of weights, such as 500MB")
      ->transform(CLI::AsSizeValue(true))
      ->check(within(uint64_t{1}, std::numeric_limits<uint64_t>::max()))
      ->default_str("5GB");
  addNonFiniteFlag(*verb, settings->allowNonFinite);
  verb->callback([settings] { writers.at(settings->format)(settings->bundle, settings->output, *settings); });
}

} // namespace xlstm
