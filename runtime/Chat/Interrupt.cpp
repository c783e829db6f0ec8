//===- Interrupt.cpp - ^C while a model writes ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Chat/Interrupt.h"

namespace xlstm {

static volatile std::sig_atomic_t interrupted = 0;

static void note(int signal) {
  if (interrupted) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  interrupted = 1;
}

InterruptGuard::InterruptGuard() {
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART; // what is being written is written
  sigaction(SIGINT, &action, &before);
}

InterruptGuard::~InterruptGuard() { sigaction(SIGINT, &before, nullptr); }

bool wasInterrupted() { return interrupted != 0; }
void forgetInterrupt() { interrupted = 0; }

} // namespace xlstm
