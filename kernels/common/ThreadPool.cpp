//===- ThreadPool.cpp - one small pool for the CPU kernels -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/common/ThreadPool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <sched.h>
#include <thread>
#include <vector>

namespace xlstm::kernels {

namespace {

class Pool {
public:
  explicit Pool(int64_t threads) {
    for (int64_t n = 1; n < threads; ++n)
      workers.emplace_back([this, n] { work(n); });
  }

  ~Pool() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    for (std::thread &worker : workers)
      worker.join();
  }

  void run(int64_t count, void (*task)(void *, int64_t, int64_t), void *context) {
    std::unique_lock turn(callers, std::try_to_lock);
    if (!turn || count < 2 || workers.empty()) {
      for (int64_t index = 0; index < count; ++index)
        task(context, index, 0);
      return;
    }
    {
      std::lock_guard lock(mutex);
      job = {count, task, context};
      next = 0;
      busy = int64_t(workers.size());
      ++round;
    }
    wake.notify_all();
    take(job, 0);
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return busy == 0; });
  }

private:
  struct Job {
    int64_t count = 0;
    void (*task)(void *, int64_t, int64_t) = nullptr;
    void *context = nullptr;
  };

  void take(const Job &from, int64_t thread) {
    for (int64_t index; (index = next.fetch_add(1)) < from.count;)
      from.task(from.context, index, thread);
  }

  void work(int64_t thread) {
    int64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stopping || round != seen; });
      if (stopping)
        return;
      seen = round;
      Job mine = job;
      lock.unlock();
      take(mine, thread);
      lock.lock();
      if (--busy == 0)
        done.notify_one();
    }
  }

  std::vector<std::thread> workers;
  std::mutex callers, mutex;
  std::condition_variable wake, done;
  Job job;
  std::atomic<int64_t> next = 0;
  int64_t busy = 0, round = 0;
  bool stopping = false;
};

} // namespace

static int64_t availableThreads() {
  if (const char *text = std::getenv("XLSTM_THREADS"))
    return std::clamp<int64_t>(std::atoll(text), 1, 256);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

int64_t threadCount() {
  static const int64_t count = availableThreads();
  return count;
}

void parallelFor(int64_t count, void (*task)(void *, int64_t, int64_t), void *context) {
  static Pool pool(threadCount());
  pool.run(count, task, context);
}

} // namespace xlstm::kernels
