//===- StandardStreams.cpp - what every main does with 0, 1 and 2 ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/StandardStreams.h"

#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iostream>
#include <poll.h>
#include <unistd.h>

namespace xlstm {

void openStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) // the lowest free number is this one
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/// A pipe without a reader; also where the write that failed was an earlier one.
static bool isUnread() {
  pollfd stream = {STDOUT_FILENO, POLLOUT, 0};
  return ::poll(&stream, 1, 0) > 0 && (stream.revents & POLLERR);
}

[[noreturn]] static void failOutput(int reason) {
  if (reason == EPIPE || isUnread())
    throw Stopped{SIGPIPE, ""};
  fail("standard output: cannot write", reason ? ": " : "", reason ? std::strerror(reason) : "");
}

void writeOut(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    failOutput(errno);
}

void writeModelText(std::string_view text) {
  static const bool isTerminal = isatty(STDOUT_FILENO);
  isTerminal ? writeOut(escapeControls(text, "\n\t")) : writeOut(text);
}

void tell(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR)
      return;
    text.remove_prefix(written > 0 ? size_t(written) : 0);
  }
}

void tellError(const std::string &name, const std::exception &error) {
  std::string text = error.what();
  tell(STDERR_FILENO, name + ": error: " + escapeControls(text.substr(0, text.find('\n'))) + "\n");
}

/// What went through std::cout and stdio.
static void finishOutput() {
  errno = 0;
  std::cout.flush();
  bool failed = std::fflush(stdout) != 0;
  int reason = errno;
  if (failed || std::ferror(stdout) || !std::cout)
    failOutput(reason);
}

/// The process ends as by the default action of SIGPIPE, quietly.
[[noreturn]] static void endByPipe() {
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  ::_exit(128 + SIGPIPE);
}

int runTool(const std::string &name, const std::function<int()> &body) {
  try {
    int code = body();
    if (code == 0)
      finishOutput();
    return code;
  } catch (const Stopped &stopped) {
    if (stopped.signal == SIGPIPE)
      endByPipe();
    tell(STDERR_FILENO, name + ": " + stopped.line + "\n");
    return 128 + stopped.signal;
  } catch (const Error &error) {
    tell(STDERR_FILENO, name + ": error: " + error.what() + "\n");
    return 1;
  }
}

} // namespace xlstm
