//===- main.cpp - xlstm, the driver ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Usage.h"

#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Progress.h"

#include "llvm/Support/raw_ostream.h"

static int runVerb(int argc, char **argv) {
  CLI::App app("Turns a trained transformer language model into a hybrid xLSTM, and that into one executable.",
               "xlstm");
  app.require_subcommand(1);
  app.set_version_flag("--version", "xlstm " XLSTM_VERSION);
  for (auto add : xlstm::allCommands)
    add(app);
  try {
    app.parse(xlstm::reversedWords(argc, argv));
    return 0;
  } catch (const CLI::ParseError &error) {
    return xlstm::reportUsage(app, error);
  } catch (const std::exception &error) {
    xlstm::waitIfInterrupted();
    xlstm::endProgressLine();
    xlstm::tellError("xlstm", error);
  }
  return 1;
}

int main(int argc, char **argv) {
  xlstm::openStandardStreams();
  xlstm::catchInterrupts("xlstm");
  int code = xlstm::runTool("xlstm", [&] { return runVerb(argc, argv); });
  llvm::errs().clear_error(); // else a closed standard error changes the exit code
  return code;
}
