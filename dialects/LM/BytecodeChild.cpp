//===- BytecodeChild.cpp - bytecode read by a child process ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/LM/BytecodeChild.h"

#include <cerrno>
#include <csignal>
#include <fstream>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xlstm::lm {

static void limit(int resource, rlim_t most) {
  rlimit value = {most, most};
  ::setrlimit(__rlimit_resource(resource), &value);
}

/// The address space that this process has, in bytes.
static size_t addressSpace() {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * size_t(::sysconf(_SC_PAGESIZE));
}

static bool writeAll(int descriptor, const std::string &text) {
  for (size_t at = 0; at < text.size();) {
    ssize_t count = ::write(descriptor, text.data() + at, text.size() - at);
    if (count < 0 && errno != EINTR)
      return false;
    at += count > 0 ? size_t(count) : 0;
  }
  return true;
}

static std::string readAll(int descriptor) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count > 0)
      text.append(buffer, size_t(count));
    else if (count == 0 || errno != EINTR)
      return text;
  }
}

[[noreturn]] static void runChild(const std::function<std::string()> &work, const ChildLimits &limits, int result) {
  int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  limit(RLIMIT_AS, addressSpace() + limits.memory);
  limit(RLIMIT_CORE, 0);
#ifndef __SANITIZE_ADDRESS__ // UBSan opens a pipe to see whether memory can be read
  limit(RLIMIT_NOFILE, 0);
#endif
  for (int signal :
       {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGPROF, SIGINT, SIGTERM}) // not the handlers of the parent
    ::signal(signal, SIG_DFL);
  constexpr size_t second = 1000;
  itimerval timer = {{0, 0}, {time_t(limits.milliseconds / second), suseconds_t(limits.milliseconds % second * second)}};
  ::setitimer(ITIMER_PROF, &timer, nullptr); // its signal ends the process
  bool done = false;
  try {
    done = writeAll(result, work());
  } catch (const std::exception &) {
    done = false;
  }
  ::_exit(done ? 0 : 1);
}

std::optional<std::string> runInChild(const std::function<std::string()> &work, const ChildLimits &limits) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0)
    return std::nullopt;
  pid_t child = ::fork();
  if (child == 0)
    runChild(work, limits, pipe[1]);
  ::close(pipe[1]);
  std::string text = child < 0 ? std::string() : readAll(pipe[0]);
  ::close(pipe[0]);
  if (child < 0)
    return std::nullopt;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return std::nullopt;
  return text;
}

} // namespace xlstm::lm
