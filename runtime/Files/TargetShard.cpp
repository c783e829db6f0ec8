//===- TargetShard.cpp - a file of a target store -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Files/TargetShard.h"

#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Support/Error.h"

#include <cstring>

namespace xlstm {

uint64_t checksumOf(std::span<const std::byte> records) { return hashOf(records).low; }

/// A block as the index has it.
using Entry = std::array<int64_t, 5>;

static std::map<std::string, std::string> metadataOf(std::span<const std::byte> index, const std::string &store) {
  return {{"format", std::to_string(targetStoreVersion)}, {"index", hexDigits(hashOf(index))}, {"store", store}};
}

TargetShard TargetShard::open(const std::filesystem::path &path, const TargetCode &code, const std::string &store) {
  SafetensorsFile file = SafetensorsFile::parse(MappedFile::openInside(path.parent_path(), path.filename()));
  const StoredTensor &index = file.get("blocks"), &data = file.get("data");
  if (index.spec.dtype != DType::I64 || index.spec.shape.size() != 2 || index.spec.shape[1] != 5 ||
      data.spec.dtype != DType::U8)
    fail(path.string(), ": expected tensors 'blocks' I64 [n, 5] and 'data' U8, found ", describe(index.spec), " and ",
         describe(data.spec));
  if (file.metadata() != metadataOf(index.bytes, store))
    fail(path.string(), ": expected a shard of this store with a whole index, found another store's or a damaged one");
  TargetShard shard;
  shard.name = path;
  shard.file = data.file;
  uint64_t at = 0;
  for (int64_t n = 0; n < index.spec.shape[0]; ++n) {
    Entry entry;
    std::memcpy(entry.data(), index.bytes.data() + size_t(n) * sizeof entry, sizeof entry);
    uint64_t bytes = uint64_t(entry[3]) * code.bytes();
    if (entry[1] < 1 || entry[2] < 0 || entry[3] < 1 || entry[2] + entry[3] > entry[1] ||
        at + bytes > data.bytes.size())
      fail(path.string(), ": block ", n, ": positions from ", entry[2], ", ", entry[3], " of ", entry[1],
           " tokens, do not fit into the document or the file");
    DocumentKey document{uint64_t(entry[0]), uint32_t(entry[1])};
    shard.all.push_back({document, entry[2], entry[3], data.bytes.subspan(at, bytes), uint64_t(entry[4])});
    at += bytes;
  }
  if (at != data.bytes.size())
    fail(path.string(), ": tensor 'data': expected ", at, " bytes, found ", data.bytes.size());
  return shard;
}

static std::string digitsOf(uint64_t checksum) { return hexDigits(FileHash{checksum, 0}).substr(16); }

void TargetShard::check(const TargetBlock &block) const {
  if (checksumOf(block.records) != block.checksum)
    fail(name.string(), ": block ", &block - all.data(), " is damaged: expected records of checksum ",
         digitsOf(block.checksum), ", found ", digitsOf(checksumOf(block.records)));
}

void TargetShard::write(const std::filesystem::path &path, const std::vector<TargetBlock> &blocks,
                        const std::string &store) {
  std::vector<Entry> index;
  int64_t bytes = 0;
  for (const TargetBlock &block : blocks) {
    index.push_back({int64_t(block.document.hash), int64_t(block.document.tokens), block.at, block.tokens,
                     int64_t(checksumOf(block.records))});
    bytes += int64_t(block.records.size());
  }
  auto indexBytes = std::as_bytes(std::span(index));
  SafetensorsWriter writer(path, {{"blocks", DType::I64, {int64_t(index.size()), 5}}, {"data", DType::U8, {bytes}}},
                           metadataOf(indexBytes, store));
  writer.append(indexBytes);
  for (const TargetBlock &block : blocks)
    writer.append(block.records);
  writer.commit();
}

} // namespace xlstm
