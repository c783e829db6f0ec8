//===- Usage.h - what a mistaken command line is told ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_USAGE_H
#define XLSTM_TOOLS_XLSTM_USAGE_H

#include <CLI/CLI.hpp>

namespace xlstm {

/// Words of the command line, without the program's; "help" in front ("help", "help import") is turned into --help.
/// Last word first, as CLI::App::parse takes them.
std::vector<std::string> reversedWords(int argc, char **argv);

/// Says why `app` could not parse its command line: one line that names the nearest verb or option; where a verb is
/// missing, the help that lists them. Also prints what --help and --version ask for. Returns the exit status, 0 or 2.
int reportUsage(const CLI::App &app, const CLI::ParseError &error);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_USAGE_H
