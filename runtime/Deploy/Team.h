//===- Team.h - threads that run a model together --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_TEAM_H
#define RUNTIME_DEPLOY_TEAM_H

#include "xlstm/Kernels/Team.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace xlstm {

/// The calling thread and others, which wait for work: for a moment at full speed, then asleep.
class Team {
public:
  /// Fewer than `threads` (at least 1) where the system does not lend as many.
  explicit Team(int threads);
  ~Team();
  Team(const Team &) = delete;
  Team &operator=(const Team &) = delete;

  int size() const { return static_cast<int>(workers.size()) + 1; }
  /// Calls job(member) once in every thread and returns when all calls have. Jobs may meet and must not throw.
  template <typename Job>
  void run(const Job &job) {
    runJob([](const void *job, const xlstm_team *member) { (*static_cast<const Job *>(job))(member); }, &job);
  }

private:
  using Call = void (*)(const void *job, const xlstm_team *member);
  struct Member : xlstm_team {
    Team *team;
  };

  void runJob(Call call, const void *job);
  void work(int part);
  void meet();
  void waitBehind(uint32_t before) const;

  std::mutex start; // held until the number of members is known
  std::vector<Member> members;
  Call call = nullptr; // null: the end
  const void *job = nullptr;
  alignas(64) std::atomic<uint32_t> arrived = 0;
  alignas(64) std::atomic<uint32_t> phase = 0; // counts meetings
  std::vector<std::thread> workers;
};

} // namespace xlstm

#endif // RUNTIME_DEPLOY_TEAM_H
