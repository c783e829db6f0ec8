//===- Linearize.cpp - xlstm linearize: an untrained student --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

namespace xlstm {

void addLinearizeCommand(CLI::App &app) {
  struct Settings : StudentSettings {
    std::filesystem::path teacher, output;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("linearize", "Replace a teacher's attention; the student is untrained");
  verb->add_option("teacher", settings->teacher, "Bundle of the teacher")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the student's bundle")->required();
  verb->add_option("--window", settings->window, "Keys of the window branch")->capture_default_str();
  verb->add_option("--sinks", settings->sinks, "First keys of a document that stay visible")->capture_default_str();
  verb->add_option("--mixer", settings->mixer, "What replaces attention")
      ->capture_default_str()
      ->check(CLI::IsMember({"hybrid", "mlstm", "window", "linear-attention"}));
  verb->add_option("--feature-map", settings->featureMap, "Feature map of queries and keys")
      ->capture_default_str()
      ->check(CLI::IsMember({"softmax", "elu"}));
  verb->add_option("--layers", settings->layers, "Layers to convert, such as 0,2,3; default: all with full attention");
  verb->add_flag("--convert-sliding", settings->convertSliding, "Convert the teacher's own sliding layers too");
  verb->callback([settings] {
    writeStudent(RunnableModel::open(settings->teacher), *settings, {}, settings->output);
  });
}

} // namespace xlstm
