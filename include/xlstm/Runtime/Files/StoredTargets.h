//===- StoredTargets.h - a teacher's top-k log-probabilities on disk ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a teacher answers behind each token of a document, found by the document's content and the position: whatever
// rows the tokens stand in, in which order, and whoever asks. docs/Rationale/Training.md says what the teacher has
// read before it answers.
//
// FOLDER/targets.json says whose targets these are and how they are coded; it is written first and never changes.
// shard-NNNNN.safetensors have blocks of up to 128 positions of a document, each with a checksum (TargetShard.h in
// runtime/Files). Each shard appears whole; readers see those that are there when they open the store.

#ifndef XLSTM_RUNTIME_FILES_STOREDTARGETS_H
#define XLSTM_RUNTIME_FILES_STOREDTARGETS_H

#include "xlstm/Runtime/Files/DocumentKey.h"
#include "xlstm/Runtime/Files/TargetFormat.h"

#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xlstm {

class TargetCode;
class TargetShard;
struct TargetBlock;

class StoredTargets {
public:
  using OnDamage = std::function<void(const std::filesystem::path &shard, const std::string &problem)>;

  /// Throws Error: not a store, a damaged index.
  static StoredTargets open(const std::filesystem::path &folder);
  /// The same without shards that cannot be read: each is told to `onDamage` with what is wrong.
  static StoredTargets open(const std::filesystem::path &folder, const OnDamage &onDamage);
  ~StoredTargets();
  StoredTargets(StoredTargets &&) noexcept;

  const TargetFormat &format() const { return written; }
  int64_t numTokens() const { return tokens; }
  /// Bytes of all shards' files.
  uint64_t numBytes() const;
  const std::vector<TargetShard> &shards() const { return all; }
  size_t numDocuments() const;
  size_t numShards() const;

  struct Place {
    size_t shard, block;
  };
  /// Where a block is that has `tokens` positions at least; nothing where there is none.
  const Place *find(const BlockKey &key, int64_t tokens) const;
  /// The first of `count` positions of a document from `begin` on that has no targets.
  std::optional<int64_t> firstMissing(const DocumentKey &document, int64_t begin, int64_t count) const;
  /// Those of these positions, which have to be there: ids rise, `ids` and `logprobs` are [count, k], `tails` [count]
  /// the log of the mass outside of the k. Throws Error for a damaged block.
  void read(const DocumentKey &document, int64_t begin, int64_t count, int32_t *ids, float *logprobs,
            float *tails) const;
  /// Shards that cannot be read or that have a damaged block, and what is wrong; reads all of them. Throws Error where
  /// there is no store.
  static std::vector<std::pair<std::filesystem::path, std::string>> damagedShards(const std::filesystem::path &folder);

protected:
  std::filesystem::path folder;

private:
  StoredTargets();

  TargetFormat written;
  std::unique_ptr<TargetCode> code;
  std::vector<TargetShard> all;
  int64_t tokens = 0;
  std::unordered_map<BlockKey, Place, BlockKey::Hash> places;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_STOREDTARGETS_H
