//===- Interrupt.h - ^C while a model writes ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_CHAT_INTERRUPT_H
#define RUNTIME_CHAT_INTERRUPT_H

#include <csignal>

namespace xlstm {

/// While it lives, ^C (SIGINT) is noted and nothing more; a second one that finds the first not forgotten ends the
/// process, as without it.
class InterruptGuard {
public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard &) = delete;
  InterruptGuard &operator=(const InterruptGuard &) = delete;

private:
  struct sigaction before = {};
};

bool wasInterrupted();
void forgetInterrupt();

} // namespace xlstm

#endif // RUNTIME_CHAT_INTERRUPT_H
