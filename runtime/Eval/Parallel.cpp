//===- Parallel.cpp - independent pieces of inference on all cores --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Parallel.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace xlstm {

namespace {

/// One ATen thread while this lives. A new thread takes the number that is set when it first uses ATen.
class SingleThreaded {
public:
  SingleThreaded() : before(at::get_num_threads()) { at::set_num_threads(1); }
  ~SingleThreaded() { at::set_num_threads(before); }
  int before;
};

} // namespace

void forEachParallel(size_t count, const std::function<void(size_t)> &work) {
  SingleThreaded guard;
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  auto run = [&] {
    c10::NoGradGuard noGrad;
    try {
      for (size_t i = next++; i < count; i = next++)
        work(i);
    } catch (...) {
      next = count;
      std::lock_guard<std::mutex> lock(mutex);
      if (!failure)
        failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (size_t t = 1; t < std::min<size_t>(guard.before, count); ++t)
    threads.emplace_back(run);
  run();
  for (std::thread &thread : threads)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace xlstm
