//===- Options.cpp - what a model is told to write ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Chat/Options.h"

#include "xlstm/Support/Within.h"

#include <CLI/CLI.hpp>

#include <limits>

namespace xlstm {

static void addInput(CLI::App &app, TextOptions &options) {
  CLI::Option *prompt = app.add_option("-p,--prompt", options.prompt, "Text to continue; default: standard input");
  CLI::Option *file = app.add_option("-f,--file", options.file, "File with the text to continue")->excludes(prompt);
  CLI::Option *chat = app.add_option("--chat", options.chat,
                                     "Message to answer, put into the chat template; without one, a conversation: "
                                     "standard input's lines")
                          ->expected(0, 1)
                          ->excludes(prompt)
                          ->excludes(file);
  app.add_option("--prompt-ids", options.promptIds, "Token ids to continue, such as 1,22,333")
      ->delimiter(',')
      ->check(within(int32_t{0}, std::numeric_limits<int32_t>::max()))
      ->type_name("ID,...")
      ->excludes(prompt, file, chat);
  app.add_option("--system", options.system, "System message of the chat")->needs(chat);
  app.add_option("--tools", options.tools, "JSON file with a list of the tools that the chat template is given")
      ->needs(chat)
      ->type_name("FILE");
}

static void addSampling(CLI::App &app, TextOptions &options) {
  app.add_option("--temperature,--temp", options.sampler.temperature, "0: always the likeliest token")
      ->check(within(0.0, 100.0))
      ->type_name("T")
      ->capture_default_str();
  app.add_option("--top-k", options.sampler.topK, "Draw from the K likeliest tokens; 0: all")
      ->check(within(0, std::numeric_limits<int32_t>::max()))
      ->type_name("K")
      ->capture_default_str();
  app.add_option("--top-p", options.sampler.topP, "Draw from the likeliest tokens that together have this probability")
      ->check(within(0.0, 1.0))
      ->type_name("P")
      ->capture_default_str();
  app.add_option("-s,--seed", options.seed, "Same seed, same text; -1: another one each time")
      ->check(within(int64_t{-1}, std::numeric_limits<int64_t>::max()))
      ->type_name("N")
      ->capture_default_str();
}

void addTextOptions(CLI::App &app, TextOptions &options) {
  addInput(app, options);
  app.add_option("-n,--tokens,--n-predict", options.most, "Tokens to write at most; -1: until the model ends the text")
      ->check(within(int64_t{-1}, int64_t{1} << 30))
      ->type_name("N")
      ->capture_default_str();
  addSampling(app, options);
  app.add_flag("--ids", options.ids, "Write token ids in place of text");
}

} // namespace xlstm
