//===- Slot.h - one of the texts that are read and written at a time ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_SLOT_H
#define RUNTIME_SERVE_SLOT_H

#include "runtime/Serve/Answer.h"

namespace xlstm::serve {

/// The model that is served.
struct EngineModel {
  std::function<std::unique_ptr<Session>()> makeSession;
  const Tokenizer *tokenizer = nullptr; // null: token ids alone
  std::vector<int32_t> ends;            // tokens that end a text
  int64_t piece = 64;                   // tokens of a prompt that are read at once
};

/// Since the start; any thread may look.
struct EngineCounts {
  std::atomic<uint64_t> promptTokens = 0; // read; those found in the cache are not
  std::atomic<uint64_t> cachedTokens = 0, writtenTokens = 0;
  std::atomic<uint64_t> readNanoseconds = 0, writeNanoseconds = 0;
  std::atomic<uint64_t> decodes = 0; // rounds in which each writing slot got a token
  std::atomic<uint64_t> states = 0, stateBytes = 0, stateHits = 0, stateMisses = 0, stateEvictions = 0;
};

/// A choice of a job.
struct Task {
  std::shared_ptr<Job> job;
  int choice = 0;
};

/// What the slots share.
struct Workplace {
  const EngineModel &model;
  PrefixCache cache;
  int64_t checkpoint; // every so many tokens of a prompt its state is kept; a multiple of a piece
  EngineCounts counts;
  std::shared_ptr<const Snapshot> empty; // a text that begins
};

class Slot {
public:
  Slot(int id, Workplace &place);

  enum class State { Idle, Reading, Writing };
  State state() const { return now; }
  bool isIdle() const { return now == State::Idle; }
  /// Reads for nobody, in idle time.
  bool isBackground() const { return !isIdle() && !task.job->listener; }

  /// Takes a task. One whose prompt is known already is Writing at once, or done.
  void begin(Task next);
  /// One piece of the prompt; it may be the last.
  void read();
  /// Draws the answer's next token and tells it. Whether that has to be read for the one behind it.
  bool draw();
  /// Reads what all of them drew.
  static void readDrawn(std::span<Slot *const> slots);
  /// Stops; tells the listener why unless `message` is empty.
  void drop(int status, const std::string &message);

  const Task &current() const { return task; }
  /// What the session has read: of the last task where there is none.
  const Tokens &text() const { return seen; }
  std::shared_ptr<const Snapshot> snapshot() { return place.cache.store.take(*session, last.get(), {}); }
  /// Becomes that text.
  void become(Tokens tokens, const std::shared_ptr<const Snapshot> &from);

  const int id;

private:
  void finishPrompt(std::span<const float> logits);
  void keepPrompt();
  void finishPiece();
  std::span<const float> score(std::span<const int64_t> ids);
  void keep(std::span<const float> logits);
  void end();

  Workplace &place;
  std::unique_ptr<Session> session;
  State now = State::Idle;
  Task task;
  Tokens seen;
  int64_t cached = 0;
  bool isPromptNew = false;             // its state is yet to be kept
  std::shared_ptr<const Snapshot> last; // lends its pages to the next
  std::optional<Answer> answer;
  std::vector<TokenChances> scored;
  std::span<const float> logits; // for the next token
  int32_t drawn = -1;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_SLOT_H
