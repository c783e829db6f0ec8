//===- Usage.cpp - what a mistaken command line is told -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Usage.h"

#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <iostream>

namespace xlstm {

std::vector<std::string> reversedWords(int argc, char **argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.push_back("--help");
  }
  std::reverse(words.begin(), words.end());
  return words;
}

/// The verb that was reached, such as bench kernels.
static const CLI::App &innermost(const CLI::App &app) {
  std::vector<CLI::App *> verbs = app.get_subcommands();
  return verbs.empty() ? app : innermost(*verbs.back());
}

static std::vector<std::string> verbsOf(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::App *verb : app.get_subcommands(static_cast<std::function<bool(const CLI::App *)>>(nullptr)))
    if (!verb->get_name().empty()) // an option group has none
      names.push_back(verb->get_name());
  return names;
}

/// --prompt and -p of the verb and of its groups.
static std::vector<std::string> optionsOf(const CLI::App &app) {
  std::vector<std::string> names;
  for (const CLI::Option *option : app.get_options()) {
    for (const std::string &name : option->get_lnames())
      names.push_back("--" + name);
    for (const std::string &name : option->get_snames())
      names.push_back("-" + name);
  }
  for (const CLI::App *group : app.get_subcommands(static_cast<std::function<bool(const CLI::App *)>>(nullptr)))
    if (group->get_name().empty())
      for (const std::string &name : optionsOf(*group))
        names.push_back(name);
  return names;
}

/// "xlstm bench kernels"
static std::string commandOf(const CLI::App &app) {
  return app.get_parent() ? commandOf(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

/// What is wrong with a word that nothing takes; nothing when all words were taken.
static std::string unknownWord(const CLI::App &app) {
  for (const std::string &word : app.remaining()) {
    if (word.size() > 1 && word[0] == '-') {
      std::string name = word.substr(0, word.find('='));
      return "unknown option " + quote(name) + didYouMean(name, optionsOf(app));
    }
    if (std::vector<std::string> verbs = verbsOf(app); !verbs.empty())
      return "unknown verb " + quotePath(word) + didYouMean(word, verbs);
    return "unexpected word " + quotePath(word);
  }
  return "";
}

int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  if (error.get_exit_code() == 0)
    return app.exit(error);
  const CLI::App &verb = innermost(app);
  std::string command = commandOf(verb), reason = unknownWord(verb);
  if (reason.empty() && !verbsOf(verb).empty()) {
    std::cerr << verb.help();
    return 2;
  }
  if (reason.empty()) // CLI11 ends some of its sentences with a line
    reason = std::string(error.what()).substr(0, std::string(error.what()).find('\n'));
  std::cerr << "xlstm: error: " << (&verb == &app ? "" : verb.get_name() + ": ") << reason << " ('" << command
            << " --help' lists what there is)\n";
  return 2;
}

} // namespace xlstm
