//===- Watchdog.cpp - ends a rank where another has ended ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Watchdog.h"

#include "xlstm/Support/Progress.h"
#include "xlstm/Support/Quote.h"

#include <cstdio>
#include <unistd.h>

namespace xlstm {

Watchdog::Watchdog(std::unique_ptr<Board> board, int64_t rank, int64_t size)
    : board(std::move(board)), rank(rank), size(size), heardAt(Clock::now()), thread([this] { watch(); }) {}

void Watchdog::stop() {
  isOver = true;
  if (thread.joinable())
    thread.join();
}

/// Rank 0 says it, unless it is the one.
std::string Watchdog::endOf(int64_t rank, const std::string &reason) {
  return std::string(rank == 0 ? "1 " : "0 ") + (reason.empty() ? "" : "rank " + std::to_string(rank) + reason);
}

void Watchdog::end(const std::string &value) {
  if (isOver)
    return;
  bool isTeller = std::to_string(rank) == value.substr(0, value.find(' '));
  std::string text = value.substr(value.find(' ') + 1);
  if (isTeller && !text.empty()) {
    endProgressLine();
    std::fprintf(stderr, "xlstm: error: %s; the other ranks have ended with it\n", escapeControls(text).c_str());
  }
  std::fflush(stderr);
  if (rank == 0) // it takes the store with it, where others have yet to look
    std::this_thread::sleep_for(2 * beat);
  ::_exit(1);
}

void Watchdog::look() {
  board->set("beat/" + std::to_string(rank), std::to_string(++count));
  if (std::string value = board->get(endKey); !value.empty())
    return end(value);
  int64_t next = (rank + 1) % size;
  std::string beat = board->get("beat/" + std::to_string(next));
  if (beat != heard) {
    heard = beat;
    heardAt = Clock::now();
  }
  if (Clock::now() - heardAt > patience)
    board->setFirst(endKey, endOf(next, " gives no sign of life: it was killed, or its host is not reached"));
}

void Watchdog::watch() {
  while (!isOver) {
    try {
      look();
    } catch (const std::exception &) {                       // the store has gone, and rank 0 or the agent that kept it
      for (int tenths = 0; tenths < 20 && !isOver; ++tenths) // a launcher may know more and say it
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      end(endOf(0, " has ended: it was killed, or its host is not reached"));
    }
    for (auto until = Clock::now() + beat; Clock::now() < until && !isOver;)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

} // namespace xlstm
