//===- Backend.h - what a compiled model runs on --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verbs of an executable know a model through this; CpuMain.cpp and CudaMain.cpp say which one it is.

#ifndef RUNTIME_DEPLOY_BACKEND_H
#define RUNTIME_DEPLOY_BACKEND_H

#include "xlstm/Runtime/Deploy/Session.h"

#include <memory>
#include <optional>
#include <string>

namespace xlstm {

struct ModelNumbers {
  bool isKnownAbi; // the model was compiled for this runtime
  int64_t vocab;
  int64_t cacheTokens;   // tokens that the caches of full attention hold; 0: there is none
  int64_t batch;         // texts that are read and written in lockstep
  int64_t prefillTokens; // the shortest block that is read at once; longer ones are multiples of it
  uint64_t weightBytes, stateBytes;
  uint64_t tokenBytes;   // of the state, for each of cacheTokens tokens
  uint64_t carriedBytes; // weights that lie behind the program
  uint64_t decodeBytes;  // what one decode moves at least; 0 when not stated
  uint64_t prefillFlops; // of a token's products; 0 when not stated
  /// Where a server cuts a prompt: short enough that others do not wait for long, long enough to be read fast.
  int64_t pieceTokens = 64;

  /// Bytes of the state that are there whatever a text's length.
  uint64_t fixedBytes() const { return stateBytes - static_cast<uint64_t>(cacheTokens) * tokenBytes; }
};

/// What a device can do at best, as measured on it.
struct DeviceLimits {
  double copyBytesPerSecond;    // read and written
  double productFlopsPerSecond; // bf16
};

class Backend {
public:
  virtual ~Backend() = default;
  virtual ModelNumbers numbers() const = 0;
  /// Such as "CPU", or "CUDA (NVIDIA H100 80GB HBM3)"; of a device once a session was made.
  virtual std::string name() const = 0;
  /// `weights`: carriedBytes of them, which stay where they are as long as the session.
  virtual std::unique_ptr<Session> makeSession(const char *weights) = 0;
  /// Sessions that may be there at once; of a CPU they take turns in the same threads.
  virtual int mostSessions() const { return 1; }
  /// Whether it reads the weights where they lie for every token.
  virtual bool readsWeights() const { return false; }
  /// Which of the codes that it carries is for this machine; nothing where it has one alone.
  virtual std::string code() const { return ""; }
  /// The threads that it runs in; 0: it has none to choose.
  virtual int threads() const { return 0; }
  virtual void setThreads(int) {}
  /// Of a device with memory of its own; nothing for a CPU.
  virtual std::optional<DeviceLimits> measureLimits() { return std::nullopt; }
  virtual bool hasLimits() const { return false; }
};

/// The whole executable: reads the command line and returns the exit status.
int runExecutable(int argc, char **argv, Backend &backend);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_BACKEND_H
