//===- TargetShard.h - a file of a target store ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_TARGETSHARD_H
#define XLSTM_RUNTIME_FILES_INTERNAL_TARGETSHARD_H

#include "runtime/Files/ShardName.h"
#include "runtime/Files/TargetCode.h"
#include "xlstm/Runtime/Files/DocumentKey.h"
#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm {

constexpr int targetStoreVersion = 2;

inline std::filesystem::path targetManifest(const std::filesystem::path &folder) { return folder / "targets.json"; }

/// What a shard has of some positions of a document, one record of TargetCode behind the other.
struct TargetBlock {
  DocumentKey document;
  int64_t at = 0, tokens = 0; // first position, and how many
  std::span<const std::byte> records;
  uint64_t checksum = 0; // of the records

  BlockKey key() const { return {document, at}; }
};

/// A shard: `blocks` I64 [n, 5] (document's hash and tokens, first position, positions, checksum of the records) and
/// `data` U8, their records. Its metadata has a hash of the store's targets.json and one of `blocks`.
class TargetShard {
public:
  /// Reads the index, not the records. Throws Error: damaged, or of another store.
  static TargetShard open(const std::filesystem::path &path, const TargetCode &code, const std::string &store);
  static void write(const std::filesystem::path &path, const std::vector<TargetBlock> &blocks,
                    const std::string &store);

  const std::filesystem::path &path() const { return name; }
  const std::vector<TargetBlock> &blocks() const { return all; }
  /// Throws Error where the records of a block are not those that were written.
  void check(const TargetBlock &block) const;

private:
  std::filesystem::path name;
  std::shared_ptr<const MappedFile> file;
  std::vector<TargetBlock> all;
};

/// The checksum of records, as `blocks` has it.
uint64_t checksumOf(std::span<const std::byte> records);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_TARGETSHARD_H
