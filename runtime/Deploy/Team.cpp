//===- Team.cpp - threads that run a model together ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Team.h"

#include <algorithm>
#include <system_error>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace xlstm {

static void rest() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

Team::Team(int threads) {
  members.resize(static_cast<size_t>(std::max(threads, 1)));
  std::unique_lock<std::mutex> hold(start); // nobody works before all are known
  try {
    for (int part = 1; part < threads; ++part)
      workers.emplace_back([this, part] { work(part); });
  } catch (const std::system_error &) { // no more threads to be had
  }
  auto meetAll = [](const xlstm_team *member) { static_cast<const Member *>(member)->team->meet(); };
  for (int part = 0; part < size(); ++part)
    members[static_cast<size_t>(part)] = {{part, size(), meetAll}, this};
}

Team::~Team() {
  call = nullptr;
  if (!workers.empty())
    meet();
  for (std::thread &worker : workers)
    worker.join();
}

void Team::waitBehind(uint32_t before) const {
  constexpr int spins = 2000; // some 20 to 100 us: longer than a kernel's parts differ, shorter than a sleep pays
  for (int i = 0; i < spins; ++i) {
    if (phase.load(std::memory_order_acquire) != before)
      return;
    rest();
  }
  while (phase.load(std::memory_order_acquire) == before)
    phase.wait(before, std::memory_order_acquire);
}

void Team::meet() {
  const uint32_t before = phase.load(std::memory_order_acquire);
  if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 != static_cast<uint32_t>(size()))
    return waitBehind(before);
  arrived.store(0, std::memory_order_relaxed);
  phase.store(before + 1, std::memory_order_release);
  phase.notify_all();
}

void Team::work(int part) {
  std::unique_lock<std::mutex>(start).unlock();
  for (;;) {
    meet(); // with who brings work
    if (!call)
      return;
    call(job, &members[static_cast<size_t>(part)]);
    meet();
  }
}

void Team::runJob(Call newCall, const void *newJob) {
  if (workers.empty())
    return newCall(newJob, nullptr);
  call = newCall;
  job = newJob;
  meet();
  newCall(newJob, &members[0]);
  meet();
}

} // namespace xlstm
