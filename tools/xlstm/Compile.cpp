//===- Compile.cpp - xlstm compile: one executable out of a bundle --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Target/Link.h"

namespace xlstm {

void addCompileCommand(CLI::App &app) {
  struct Settings : CompileOptions {
    std::filesystem::path bundle, output;
    std::string target = "cpu";
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("compile", "Compile a bundle to one executable, weights and tokenizer inside");
  verb->add_option("bundle", settings->bundle, "Bundle of a student or a teacher")->required();
  verb->add_option("-o,--output", settings->output, "Executable to write")->required();
  verb->add_option("--target", settings->target, "What it runs on")->capture_default_str()->check(CLI::IsMember({"cpu"}));
  verb->add_option("--cpu", settings->cpu, "An LLVM CPU name, such as x86-64-v3, or native")->capture_default_str();
  verb->add_option("--prefill-tokens", settings->prefillTokens, "Tokens of one prefill call")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{1}, int64_t{4096}));
  verb->callback([settings] { compileBundle(settings->bundle, settings->output, *settings); });
}

} // namespace xlstm
