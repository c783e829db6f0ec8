//===- PrefixCache.h - states of texts that were read before --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A prompt is always read in the same pieces: up to each multiple of `piece` tokens, then the rest. So the state after
// a whole piece depends on the tokens alone, whoever read them, and a text that goes on from it is computed as if it
// had been read from the start, bit for bit. The state at a prompt's end serves the same prompt alone, unless the end
// is a piece's. Of the model's thread.

#ifndef RUNTIME_SERVE_PREFIXCACHE_H
#define RUNTIME_SERVE_PREFIXCACHE_H

#include "runtime/Serve/Snapshot.h"
#include "xlstm/Runtime/Files/FileHash.h"

#include <list>
#include <unordered_map>

namespace xlstm::serve {

using Tokens = std::vector<int32_t>;

class PrefixCache {
public:
  struct Counts {
    uint64_t hits = 0, misses = 0, evictions = 0, entries = 0;
  };

  /// `most`: bytes of all states together, 0: none is kept.
  PrefixCache(int64_t piece, uint64_t most) : piece(piece), most(most) {}

  bool isOn() const { return most != 0; }
  /// The longest state that a text of these tokens may go on from; null where there is none. One of the whole text
  /// counts where it has logits.
  std::shared_ptr<const Snapshot> find(std::span<const int32_t> text);
  /// Keeps a state of the first `state->position` tokens of `text`.
  void add(std::shared_ptr<const Tokens> text, std::shared_ptr<const Snapshot> state);
  /// Forgets all states of texts that begin as this one or that this one begins with.
  void erase(std::span<const int32_t> text);
  Counts counts() const;
  uint64_t bytes() const { return store.bytes(); }

  SnapshotStore store;

private:
  struct Entry {
    FileHash key;
    std::shared_ptr<const Tokens> text;
    std::shared_ptr<const Snapshot> state;
  };
  using Entries = std::list<Entry>; // the one used last comes first
  struct KeyHash {
    size_t operator()(const FileHash &key) const { return key.low; }
  };

  std::vector<FileHash> keysOf(std::span<const int32_t> text) const;
  Entries::iterator look(const FileHash &key, std::span<const int32_t> text);
  void remove(Entries::iterator entry);
  void shrink();

  int64_t piece;
  uint64_t most;
  Entries entries;
  std::unordered_map<FileHash, Entries::iterator, KeyHash> byKey;
  Counts counted;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_PREFIXCACHE_H
