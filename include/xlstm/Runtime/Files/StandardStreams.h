//===- StandardStreams.h - what every main does with 0, 1 and 2 -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_STANDARDSTREAMS_H
#define XLSTM_RUNTIME_FILES_STANDARDSTREAMS_H

#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace xlstm {

/// The first thing in a main: takes the places of standard streams that are closed, which otherwise the next file gets
/// that is opened. What is read from or written to these still fails.
void openStandardStreams();

/// Writes a command's product to standard output at once. Throws Error when it cannot be written, Stopped
/// (Interrupt.h) when nobody reads it.
void writeOut(std::string_view text);

/// The same of what a model wrote: where a terminal shows it, control characters but newline and tab are escaped.
void writeModelText(std::string_view text);

/// Writes what is good to know but not the command's product; it is lost where it cannot be written.
void tell(int descriptor, std::string_view text);

/// Says the first line of a fault on standard error, "NAME: error: ...": LibTorch's own carry a backtrace behind it.
void tellError(const std::string &name, const std::exception &error);

/// Runs `body`, whose result is the exit code, and sees to what it left unwritten: a product that standard output did
/// not take is an error, one that nobody reads ends the process as SIGPIPE does. Stopped ends it with its line.
int runTool(const std::string &name, const std::function<int()> &body);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_STANDARDSTREAMS_H
