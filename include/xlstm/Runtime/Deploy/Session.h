//===- Session.h - a text that a compiled model reads and writes ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All that runtime/Serve knows of a model that runs.

#ifndef XLSTM_RUNTIME_DEPLOY_SESSION_H
#define XLSTM_RUNTIME_DEPLOY_SESSION_H

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace xlstm {

/// The state of one text, or of `batch` texts that read the same. All memory is taken when it is made; reading tokens
/// takes none, but for what a GPU prepares when it runs a block for the first time.
class Session {
public:
  /// `cacheTokens`: where the text ends, 0: nowhere.
  explicit Session(int64_t cacheTokens) : most(cacheTokens ? cacheTokens : std::numeric_limits<int32_t>::max()) {}
  virtual ~Session() = default;

  /// Forgets all tokens.
  virtual void reset() = 0;
  /// Reads tokens (at least one, each within the vocabulary): whole blocks by prefill, the rest one by one. Returns the
  /// logits [vocab] after the last one, valid until the next call.
  virtual std::span<float> read(std::span<const int64_t> ids) = 0;
  /// The same through decode only.
  virtual std::span<float> readOne(int64_t id) = 0;

  /// A token of each of several texts: logits[n] are those that `all`[n] would have returned for readOne(ids[n]), to
  /// the last bit, valid until its next call. `all`: sessions of one model, this one among them, each once.
  virtual std::vector<std::span<float>> readTogether(std::span<Session *const> all, std::span<const int64_t> ids) {
    std::vector<std::span<float>> found;
    const size_t rows = std::max<size_t>(mostRows(), 1);
    for (Session *one : all)
      one->checkRoom(1);
    for (size_t first = 0; first < all.size(); first += rows) {
      const size_t count = std::min(rows, all.size() - first);
      if (all.size() == 1 || rows == 1)
        found.push_back(all[first]->readOne(ids[first]));
      else
        readRows(all.subspan(first, count), ids.subspan(first, count), found);
    }
    return found;
  }

  /// All bytes of the state, valid until the next call.
  virtual std::span<const std::byte> viewState() = 0;
  /// Goes on where viewState() looked, of this session or another of the same model, after `position` tokens. `fill` is
  /// given the state's memory, with what it holds now, and writes what it saw there.
  virtual void restore(const std::function<void(std::span<std::byte>)> &fill, int64_t position) = 0;

  /// How many tokens have been read.
  int64_t position() const { return count; }
  /// How many more may be read.
  int64_t room() const { return most - count; }
  /// Throws Error unless so many more tokens may be read.
  void checkRoom(size_t tokens) const {
    if (static_cast<int64_t>(tokens) > room())
      fail("a text may have ", most, " tokens at most, this one has ", count, " and ", tokens, " are to come");
  }

protected:
  /// How many texts one call of the model reads together.
  virtual size_t mostRows() const { return 1; }
  /// Reads a token of each of up to mostRows() texts, which have room, in one call; adds their logits.
  virtual void readRows(std::span<Session *const>, std::span<const int64_t>, std::vector<std::span<float>> &) {}

  int64_t count = 0;

private:
  int64_t most;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DEPLOY_SESSION_H
