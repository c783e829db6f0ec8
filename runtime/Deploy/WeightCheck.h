//===- WeightCheck.h - weights are checked while the first text is read ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_WEIGHTCHECK_H
#define RUNTIME_DEPLOY_WEIGHTCHECK_H

#include "xlstm/Runtime/Files/Payload.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace xlstm {

/// Compares every block of the weights with its hash, in threads of its own, once. The pages that it reads are those
/// that the model is about to read; or it copies them first, to `copy`, and compares the copy.
class WeightCheck {
public:
  explicit WeightCheck(std::shared_ptr<const Payload> payload, char *copy = nullptr);
  /// Does not wait for blocks that nobody asked about.
  ~WeightCheck();
  WeightCheck(const WeightCheck &) = delete;
  WeightCheck &operator=(const WeightCheck &) = delete;

  /// Returns when all blocks were compared. Throws Error, at every call, when one differs.
  void wait();

private:
  void work();
  void join();

  std::shared_ptr<const Payload> payload;
  char *copy;
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_WEIGHTCHECK_H
