//===- StoredTargets.cpp - read a teacher's stored targets ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/StoredTargets.h"

#include "runtime/Files/TargetShard.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace fs = std::filesystem;

namespace xlstm {

StoredTargets::StoredTargets() = default;
StoredTargets::~StoredTargets() = default;
StoredTargets::StoredTargets(StoredTargets &&) noexcept = default;

StoredTargets StoredTargets::open(const fs::path &folder) {
  return open(folder, [](const fs::path &, const std::string &problem) {
    fail(problem, "; the same command again, or xlstm targets repair, removes the shard");
  });
}

StoredTargets StoredTargets::open(const fs::path &folder, const OnDamage &onDamage) {
  StoredTargets store;
  store.folder = folder;
  store.written = TargetFormat::read(folder);
  store.code = std::make_unique<TargetCode>(store.written.vocabulary, store.written.k, store.written.logprobs);
  std::string hash = storeHash(store.written);
  std::vector<fs::path> files;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder))
    if (std::string name = entry.path().filename().string();
        name.starts_with("shard-") && name.ends_with(".safetensors"))
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path &file : files) {
    try {
      store.all.push_back(TargetShard::open(file, *store.code, hash));
    } catch (const Error &error) {
      onDamage(file, error.what());
      continue;
    }
    const std::vector<TargetBlock> &blocks = store.all.back().blocks();
    for (size_t block = 0; block < blocks.size(); ++block) {
      store.places.try_emplace(blocks[block].key(), Place{store.all.size() - 1, block});
      store.tokens += blocks[block].tokens;
    }
  }
  return store;
}

uint64_t StoredTargets::numBytes() const {
  return std::accumulate(all.begin(), all.end(), uint64_t{0}, [](uint64_t sum, const TargetShard &shard) {
    std::error_code error;
    auto size = fs::file_size(shard.path(), error);
    return sum + (error ? 0 : size);
  });
}

size_t StoredTargets::numShards() const { return all.size(); }

size_t StoredTargets::numDocuments() const {
  std::unordered_set<BlockKey, BlockKey::Hash> documents;
  for (const auto &[key, place] : places)
    documents.insert({key.document, 0});
  return documents.size();
}

const StoredTargets::Place *StoredTargets::find(const BlockKey &key, int64_t tokens) const {
  auto found = places.find(key);
  if (found == places.end() || all[found->second.shard].blocks()[found->second.block].tokens < tokens)
    return nullptr;
  return &found->second;
}

std::vector<std::pair<fs::path, std::string>> StoredTargets::damagedShards(const fs::path &folder) {
  std::vector<std::pair<fs::path, std::string>> damaged;
  StoredTargets store =
      open(folder, [&](const fs::path &shard, const std::string &problem) { damaged.emplace_back(shard, problem); });
  for (const TargetShard &shard : store.all)
    try {
      for (const TargetBlock &block : shard.blocks())
        shard.check(block);
    } catch (const Error &error) {
      damaged.emplace_back(shard.path(), error.what());
    }
  return damaged;
}

/// Calls `use(block's key, first position, positions)` for each block that some positions reach into, until it says no.
template <typename Use>
static void forEachBlock(const DocumentKey &document, int64_t begin, int64_t count, int64_t blockTokens, Use use) {
  for (int64_t at = begin, end = begin + count; at < end;) {
    int64_t block = at / blockTokens * blockTokens, next = std::min(block + blockTokens, end);
    if (!use(BlockKey{document, block}, at, next - at))
      return;
    at = next;
  }
}

std::optional<int64_t> StoredTargets::firstMissing(const DocumentKey &document, int64_t begin, int64_t count) const {
  std::optional<int64_t> missing;
  forEachBlock(document, begin, count, written.blockTokens(), [&](const BlockKey &key, int64_t at, int64_t some) {
    if (!find(key, at + some - key.at))
      missing = at;
    return !missing;
  });
  return missing;
}

void StoredTargets::read(const DocumentKey &document, int64_t begin, int64_t count, int32_t *ids, float *logprobs,
                         float *tails) const {
  forEachBlock(document, begin, count, written.blockTokens(), [&](const BlockKey &key, int64_t at, int64_t some) {
    const Place &place = *find(key, at + some - key.at);
    const TargetShard &shard = all[place.shard];
    const TargetBlock &block = shard.blocks()[place.block];
    shard.check(block);
    for (int64_t position = at; position < at + some; ++position) {
      int64_t token = position - begin;
      const std::byte *record = block.records.data() + size_t(position - key.at) * code->bytes();
      if (!code->decode(record, ids + token * written.k, logprobs + token * written.k, tails[token]))
        fail(shard.path().string(), ": block ", place.block, ", record ", position - key.at, ": expected ", written.k,
             " ids of the vocabulary's ", written.vocabulary, ", found others");
    }
    return true;
  });
}

} // namespace xlstm
