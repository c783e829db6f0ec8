//===- Engine.h - many texts through one model, a token at a time ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One thread runs the model. Texts take turns: those that are being written get a token each, together, then one that
// is being read a piece, but no more time is spent on pieces than on tokens while there are any, so that nobody waits
// for a long prompt. What a text becomes does not depend on the others.

#ifndef RUNTIME_SERVE_ENGINE_H
#define RUNTIME_SERVE_ENGINE_H

#include "runtime/Serve/Slot.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace xlstm::serve {

struct EngineOptions {
  int slots = 4;
  size_t mostWaiting = 64;  // jobs; one more request than fits is taken whole
  uint64_t cacheBytes = 0;  // of states that are kept; 0: none
  int64_t checkpoint = 256; // rounded up to pieces
};

/// A slot as others see it.
struct SlotStatus {
  int id;
  Slot::State state;
  int64_t promptTokens, readTokens; // of all that was read, answers too
};

class Engine {
public:
  Engine(EngineModel model, const EngineOptions &options);
  ~Engine();
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  enum class Verdict { Taken, Full, Closing };
  /// Takes all jobs of a request or none; they are answered through their listeners.
  Verdict submit(const std::vector<std::shared_ptr<Job>> &jobs);
  /// Looks for jobs that are gone.
  void wake();
  /// Takes no more jobs, refuses those that wait, and gives the others so much time before they are broken off. When it
  /// returns all were told; not to be called by two threads at once.
  void close(Clock::duration patience);

  int slots() const { return static_cast<int>(all.size()); }
  const EngineCounts &counts() const { return place.counts; }
  size_t waitingJobs() const;
  int busySlots() const { return busy; }
  std::vector<SlotStatus> status();

  // A slot that is at rest: its last text. Error where it is busy.
  struct Saved {
    Tokens text;
    std::shared_ptr<const Snapshot> state;
  };
  Saved save(int slot);
  /// Texts that begin with this one go on from it.
  void restore(int slot, Saved saved);
  /// Forgets the slot's text and every state of it; returns its tokens.
  size_t erase(int slot);
  uint64_t stateBytes() const { return place.empty->bytes; }
  const SnapshotStore &store() const { return place.cache.store; } // makes snapshots in any thread

private:
  void work();
  void call(std::function<void()> command);
  Slot &atRest(int slot);
  void refuseWaiting(int status, const std::string &message, bool onlyLate);
  /// Reads the text when there is nothing else to do, for a prompt that will begin with it.
  void readLater(Tokens text);
  bool hasWork() const;
  void recount();
  void dropGone();
  Slot *findSlot() const;
  std::optional<Task> takeFirst(std::deque<Task> &queue);
  void admit();
  bool write();
  void step();
  /// Does it and sees to what follows.
  void guard(Slot &slot, std::shared_ptr<Job> job, const std::function<void()> &work);
  void count();

  const EngineModel model;
  const size_t mostWaiting;
  Workplace place;
  std::vector<std::unique_ptr<Slot>> all;
  std::atomic<int> busy = 0; // slots that work for somebody
  bool isActive = false;     // some slot works
  size_t nextReader = 0;
  Clock::duration owed = {}; // time that writers have yet to get for the pieces that were read

  mutable std::mutex mutex;
  std::condition_variable changed, rested;
  std::deque<Task> waiting, later; // later: texts that are read for nobody
  std::deque<std::function<void()>> commands;
  bool isClosing = false, isStopping = false, isWoken = false;
  std::thread thread;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_ENGINE_H
