//===- Merge.cpp - xlstm merge: experts become one student ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Support/Quote.h"

#include <iostream>

namespace xlstm {

void addMergeCommand(CLI::App &app) {
  struct Settings {
    std::filesystem::path config, output;
    bool allowNonFinite = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("merge", "Merge bundles of one architecture (linear)");
  verb->add_option("config", settings->config, "YAML in mergekit's linear form (docs/Recipe.md)")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the merged bundle")->required();
  addNonFiniteFlag(*verb, settings->allowNonFinite);
  verb->callback([settings] {
    checkBundleOutput(settings->output, {settings->config});
    MergeConfig config = readMergeConfig(settings->config);
    config.allowNonFinite = settings->allowNonFinite;
    for (const std::string &warning : config.warnings)
      std::cerr << "xlstm: warning: " << escapeControls(warning) << '\n';
    mergeBundles(config, settings->output);
  });
}

} // namespace xlstm
