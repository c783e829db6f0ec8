//===- Export.cpp - xlstm export: a Hugging Face folder of a bundle -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Import/Export.h"

namespace xlstm {

void addExportCommand(CLI::App &app) {
  struct Settings : ExportOptions {
    std::filesystem::path bundle, output;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("export", "Write a bundle as a Hugging Face folder; a student's with the code that computes it");
  verb->add_option("bundle", settings->bundle, "Bundle of a teacher, whatever it was imported from, or of a student")->required();
  verb->add_option("-o,--output", settings->output, "Folder to write; empty or not there")->required();
  verb->add_option("--max-shard-size", settings->maxShardBytes, "Largest file of weights, such as 500MB")
      ->transform(CLI::AsSizeValue(true))
      ->check(within(uint64_t{1}, std::numeric_limits<uint64_t>::max()))
      ->default_str("5GB");
  addNonFiniteFlag(*verb, settings->allowNonFinite);
  verb->callback([settings] { exportHuggingFace(settings->bundle, settings->output, *settings); });
}

} // namespace xlstm
