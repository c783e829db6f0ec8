//===- Snapshot.h - a state as it was at one token ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A state is cut into pages. Those that have not changed since the snapshot before are that one's, so that a row of
// snapshots of one text costs what changes from one to the next, and of a cache of keys only what is used is there.
// All of it belongs to the thread of the model, but for the number of bytes.

#ifndef RUNTIME_SERVE_SNAPSHOT_H
#define RUNTIME_SERVE_SNAPSHOT_H

#include "xlstm/Runtime/Deploy/Session.h"

#include <array>
#include <atomic>
#include <memory>
#include <vector>

namespace xlstm::serve {

constexpr size_t snapshotPage = 4096;

struct Snapshot {
  using Page = std::array<std::byte, snapshotPage>;

  int64_t position = 0;
  size_t bytes = 0; // of the state; the last page is zero behind it
  std::vector<std::shared_ptr<const Page>> pages;
  std::vector<float> logits; // after the last token; may be empty
  /// Of a session that a user restored: its text may have been written, not read, and texts go on from it all the same.
  bool isSession = false;

  /// The session goes on from here.
  void restore(Session &session) const;
  /// Writes what differs.
  void write(std::span<std::byte> state) const;
  /// What it takes beside the pages.
  uint64_t ownBytes() const { return pages.size() * sizeof pages[0] + logits.size() * sizeof(float); }
};

/// Makes snapshots and counts their bytes, each page once.
class SnapshotStore {
public:
  SnapshotStore();
  /// `before`, where there is one, is an earlier state of the text, and lends the pages that are the same; `logits` may
  /// be empty.
  std::shared_ptr<const Snapshot> take(Session &session, const Snapshot *before, std::span<const float> logits);
  /// That of a session, of bytes that came from elsewhere; any thread.
  std::shared_ptr<const Snapshot> makeSession(std::span<const std::byte> state, int64_t position) const {
    return make(state, position, nullptr, {}, /*isSession=*/true);
  }
  /// Bytes of all snapshots that are alive; any thread.
  uint64_t bytes() const { return *live; }

private:
  std::shared_ptr<const Snapshot> make(std::span<const std::byte> state, int64_t position, const Snapshot *before,
                                       std::span<const float> logits, bool isSession) const;
  std::shared_ptr<const Snapshot::Page> makePage(std::span<const std::byte> from) const;

  std::shared_ptr<std::atomic<uint64_t>> live; // pages may outlive the store
  std::shared_ptr<const Snapshot::Page> zeros;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_SNAPSHOT_H
