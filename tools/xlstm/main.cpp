//===- main.cpp - xlstm, the driver ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <iostream>

/// Help goes to standard output as it is; an error may repeat words of the command line.
static int reportUsage(const CLI::App &app, const CLI::ParseError &error) {
  std::ostringstream text;
  bool isHelp = app.exit(error, std::cout, text) == 0;
  std::cerr << xlstm::escapeControls(text.str(), "\n");
  return isHelp ? 0 : 2;
}

int main(int argc, char **argv) {
  CLI::App app("Turns a trained transformer language model into a hybrid xLSTM, and that into one executable.",
               "xlstm");
  app.require_subcommand(1);
  app.set_version_flag("--version", "xlstm " XLSTM_VERSION);
  for (auto add : xlstm::allCommands)
    add(app);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError &error) {
    return reportUsage(app, error);
  } catch (const xlstm::Error &error) {
    std::cerr << "xlstm: error: " << xlstm::escapeControls(error.what()) << '\n';
  } catch (const std::exception &error) { // LibTorch's own faults carry a backtrace behind the first line
    std::string text = error.what();
    std::cerr << "xlstm: error: " << xlstm::escapeControls(text.substr(0, text.find('\n'))) << '\n';
  }
  return 1;
}
