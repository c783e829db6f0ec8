//===- Interrupt.cpp - SIGINT and SIGTERM in the middle of work -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The handler only notes the signal and wakes a thread, which may do what a handler must not. Handlers, unlike blocked
// and ignored signals, are not inherited by the linker and other children.

#include "xlstm/Runtime/Files/Interrupt.h"

#include "runtime/Files/Unfinished.h"
#include "xlstm/Runtime/Files/StandardStreams.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <exception>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

namespace xlstm {

static std::atomic<int> caught = 0;   // the first signal
static std::atomic<int> deferred = 0; // how many DeferInterrupts live
static std::atomic<int64_t> caughtAt = 0;
static int wake[2] = {-1, -1};

/// Tool and line; never destroyed, as the thread may outlive static objects. Read and written while held.
static std::string *texts() {
  static auto *both = new std::string[2];
  return both;
}

static int64_t milliseconds() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

static void wakeThread() {
  char byte = 0;
  while (::write(wake[1], &byte, 1) < 0 && errno == EINTR) {
  }
}

/// A shell has SIGINT ignored by what runs in its background: then a key press is not meant for it, only `kill` is.
static bool isIgnored[NSIG];

static void handle(int signal, siginfo_t *info, void *) {
  if (isIgnored[signal] && info->si_code > 0) // from the kernel, that is, from the terminal
    return;
  int reason = errno, none = 0;
  if (caught.compare_exchange_strong(none, signal))
    caughtAt = milliseconds();
  else if (milliseconds() - caughtAt >= 300)
    ::_exit(128 + signal);
  wakeThread();
  errno = reason;
}

static void handleNothing(int, siginfo_t *, void *) {}

[[noreturn]] static void end() {
  removeUnfinished();
  std::string line = std::string(::isatty(STDERR_FILENO) ? "\r\x1b[K" : "") + texts()[0] + ": interrupted" +
                     (texts()[1].empty() ? "" : ": ") + texts()[1] + "\n";
  if (!texts()[0].empty())
    tell(STDERR_FILENO, line);
  ::_exit(128 + caught);
}

static void waitForSignals() {
  char byte;
  for (;;) {
    if (::read(wake[0], &byte, 1) != 1)
      continue;
    HoldUnfinished hold;
    if (caught && deferred == 0)
      end();
  }
}

static void setHandler(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

void catchInterrupts(const std::string &tool) {
  texts()[0] = tool;
  setHandler(SIGPIPE, handleNothing);
  setHandler(SIGXFSZ, handleNothing);
  if (::pipe2(wake, O_CLOEXEC))
    return; // signals then do what they do without us
  std::thread(waitForSignals).detach();
  for (int signal : {SIGINT, SIGTERM}) {
    struct sigaction before;
    isIgnored[signal] = ::sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN;
    setHandler(signal, handle);
  }
}

void setInterruptLine(const std::string &text) {
  HoldUnfinished hold;
  texts()[1] = text;
}

void interruptQuietly() {
  HoldUnfinished hold;
  texts()[0].clear();
}

DeferInterrupts::DeferInterrupts() { ++deferred; }

DeferInterrupts::~DeferInterrupts() {
  if (--deferred == 0 && caught && std::uncaught_exceptions() == 0)
    wakeThread();
}

int DeferInterrupts::signal() const { return caught; }

void waitIfInterrupted() {
  while (caught && deferred == 0 && wake[1] >= 0)
    ::pause();
}

} // namespace xlstm
