//===- ToySession.h - a model small enough to be foretold ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_SERVE_TOYSESSION_H
#define TEST_UNIT_SERVE_TOYSESSION_H

#include "runtime/Serve/Job.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace xlstm::test {

/// Its logits are a hash of all that it has read and of how that was cut into calls: a server that cuts a text in
/// another way than a fresh run, or mixes up two states, gives other answers. The state is a number, in the first page
/// of its memory, and a ring of the last tokens.
class ToySession : public Session {
public:
  static constexpr int64_t vocab = 50, ring = 6000;
  struct State {
    uint64_t hash = 1, tokens = 0;
    std::array<int32_t, 1020> other = {};
    std::array<int32_t, ring> last = {};
  };

  /// `delay` a token that is read: to be caught in the middle.
  explicit ToySession(std::chrono::microseconds delay = {}, int64_t cacheTokens = 0)
      : Session(cacheTokens), delay(delay) {}

  void reset() override {
    memory = State();
    count = 0;
  }
  std::span<float> read(std::span<const int64_t> ids) override {
    for (int64_t id : ids)
      take(id);
    memory.hash = memory.hash * 6364136223846793005u + ids.size();
    return show();
  }
  std::span<float> readOne(int64_t id) override {
    take(id);
    return show();
  }
  std::vector<std::span<float>> readTogether(std::span<Session *const> all, std::span<const int64_t> ids) override {
    mostTogether = std::max<uint64_t>(mostTogether, all.size());
    return Session::readTogether(all, ids);
  }
  std::span<const std::byte> viewState() override { return std::as_bytes(std::span(&memory, 1)); }
  void restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) override {
    fill(std::as_writable_bytes(std::span(&memory, 1)));
    count = position;
  }

  static inline std::atomic<uint64_t> tokensRead = 0, mostTogether = 0;

private:
  void take(int64_t id) {
    if (delay.count())
      std::this_thread::sleep_for(delay);
    ++tokensRead;
    memory.hash = (memory.hash ^ static_cast<uint64_t>(id + 1)) * 1099511628211u;
    memory.last[memory.tokens++ % ring] = static_cast<int32_t>(id + 1);
    ++count;
  }
  std::span<float> show() {
    uint64_t x = memory.hash;
    for (float &logit : logits) {
      x = x * 2862933555777941757u + 3037000493u;
      logit = static_cast<float>(x >> 40) * 0x1p-20f;
    }
    return logits;
  }

  std::chrono::microseconds delay;
  State memory;
  std::array<float, vocab> logits = {};
};

inline serve::Tokens toyText(size_t length, uint32_t seed = 1) {
  serve::Tokens text(length);
  for (int32_t &id : text)
    id = static_cast<int32_t>((seed = seed * 1664525u + 1013904223u) >> 16) % ToySession::vocab;
  return text;
}

/// What the model writes, likeliest token by likeliest token, with nobody else there.
inline serve::Tokens writtenAlone(const serve::Tokens &prompt, int64_t most, size_t piece) {
  ToySession session;
  std::span<float> logits;
  for (size_t from = 0; from < prompt.size(); from += piece) {
    auto to = std::min(prompt.size(), from + piece);
    logits = session.read(
        std::vector<int64_t>(prompt.begin() + static_cast<int64_t>(from), prompt.begin() + static_cast<int64_t>(to)));
  }
  serve::Tokens written;
  for (int64_t n = 0; n < most; ++n) {
    written.push_back(static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin()));
    logits = session.readOne(written.back());
  }
  return written;
}

} // namespace xlstm::test

#endif // TEST_UNIT_SERVE_TOYSESSION_H
