//===- Watchdog.h - ends a rank where another has ended --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_WATCHDOG_H
#define XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_WATCHDOG_H

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace xlstm {

/// What a watchdog asks of the store that the ranks share. Every method may throw where the store is gone.
class Board {
public:
  virtual ~Board() = default;
  virtual void set(const std::string &key, const std::string &value) = 0;
  /// Empty where nobody has set it.
  virtual std::string get(const std::string &key) = 0;
  /// Unless somebody has set it before.
  virtual void setFirst(const std::string &key, const std::string &value) = 0;
};

/// A thread of each rank that shows, once a second, that the rank lives, and looks whether the next rank does and
/// whether one has told of its end. Where one has ended, it ends this process: whatever the rank's other threads wait
/// for does not come any more. One rank says why.
class Watchdog {
public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds beat{1};
  /// How long a rank may be silent. Its other threads may be busy for as long as they like.
  static constexpr std::chrono::seconds patience{10};

  Watchdog(std::unique_ptr<Board> board, int64_t rank, int64_t size);
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog &) = delete;

  /// From now on no rank is missed.
  void stop();

  /// The key that tells of a rank's end, and its value: who says it, and what.
  static constexpr const char *endKey = "end";
  static std::string endOf(int64_t rank, const std::string &reason);

private:
  void watch();
  void look();
  /// Ends the process, unless nobody is missed any more.
  void end(const std::string &value);

  std::unique_ptr<Board> board;
  int64_t rank, size;
  int64_t count = 0;
  std::string heard;         // the next rank's last sign of life
  Clock::time_point heardAt; // and when
  std::atomic<bool> isOver = false;
  std::thread thread; // last: the others are there when it begins
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_WATCHDOG_H
