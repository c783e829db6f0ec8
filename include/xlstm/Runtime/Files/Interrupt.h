//===- Interrupt.h - SIGINT and SIGTERM in the middle of work -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERRUPT_H
#define XLSTM_RUNTIME_FILES_INTERRUPT_H

#include <string>

namespace xlstm {

/// Thrown to end a tool early, through all destructors, for `signal`. It is no std::exception, so that nothing on the
/// way takes it for a fault of the work; runTool (StandardStreams.h) says `line` and gives the exit code 128 + signal.
struct Stopped {
  int signal;
  std::string line;
};

/// From now on SIGINT and SIGTERM remove what is unfinished of the outputs (AtomicFile.h), say on standard error
/// "TOOL: interrupted" with what setInterruptLine said last, and end the process with 128 + signal. A second signal, at
/// least 0.3 s after the first (one key press or `timeout` may send two), ends it at once. Writes to a closed pipe and
/// beyond the limit of a file's size become errors. Child processes get none of this.
void catchInterrupts(const std::string &tool);

/// What to say when a signal ends the process, such as how to go on; nothing by default.
void setInterruptLine(const std::string &text);

/// From now on no line is said: of the processes that a signal reaches, another says one.
void interruptQuietly();

/// While one lives the first signal waits: the work looks at signal() where it can stop well, and throws Stopped.
class DeferInterrupts {
public:
  DeferInterrupts();
  /// A signal that came and was not looked at now does what it does elsewhere.
  ~DeferInterrupts();
  DeferInterrupts(const DeferInterrupts &) = delete;
  DeferInterrupts &operator=(const DeferInterrupts &) = delete;

  /// SIGINT or SIGTERM where one came; else 0.
  int signal() const;
};

/// Waits for the end of the process where a signal has come that is not deferred: what failed was the work of a child
/// that the signal ended too.
void waitIfInterrupted();

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERRUPT_H
