//===- TargetStore.cpp - read a teacher's stored targets ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TargetStore.h"

#include "TargetFormat.h"
#include "TargetShard.h"

#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace fs = std::filesystem;

namespace xlstm {

TargetStore::TargetStore() = default;
TargetStore::~TargetStore() = default;
TargetStore::TargetStore(TargetStore &&) noexcept = default;

TargetStore TargetStore::open(const fs::path &folder) {
  return open(folder, [](const fs::path &, const std::string &problem) {
    fail(problem, "; the same command again, or xlstm targets repair, removes the shard");
  });
}

TargetStore TargetStore::open(const fs::path &folder,
                              const std::function<void(const fs::path &, const std::string &)> &onDamage) {
  TargetStore store;
  store.folder = folder;
  store.written = formatOf(folder);
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

uint64_t TargetStore::numBytes() const {
  return std::accumulate(all.begin(), all.end(), uint64_t{0}, [](uint64_t sum, const TargetShard &shard) {
    std::error_code error;
    auto size = fs::file_size(shard.path(), error);
    return sum + (error ? 0 : size);
  });
}

size_t TargetStore::numShards() const { return all.size(); }

size_t TargetStore::numDocuments() const {
  std::unordered_set<BlockKey, BlockKey::Hash> documents;
  for (const auto &[key, place] : places)
    documents.insert({key.document, 0});
  return documents.size();
}

const TargetStore::Place *TargetStore::find(const BlockKey &key, int64_t tokens) const {
  auto found = places.find(key);
  if (found == places.end() || all[found->second.shard].blocks()[found->second.block].tokens < tokens)
    return nullptr;
  return &found->second;
}

std::vector<std::pair<fs::path, std::string>> TargetStore::damagedShards(const fs::path &folder) {
  std::vector<std::pair<fs::path, std::string>> damaged;
  TargetStore store =
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

/// Calls `use(block's key, first position, positions)` for each block that a piece reaches into.
template <typename Use>
static void forEachBlock(const TokenPiece &piece, int64_t blockTokens, Use use) {
  for (int64_t at = piece.at, end = piece.at + piece.count; at < end;) {
    int64_t begin = at / blockTokens * blockTokens, next = std::min(begin + blockTokens, end);
    use(BlockKey{piece.document, begin}, at, next - at);
    at = next;
  }
}

bool TargetStore::hasAll(const TokenRows &rows) const {
  bool found = true;
  for (int64_t row = 0; row < rows.size(); ++row)
    for (const TokenPiece &piece : rows.pieces(row))
      forEachBlock(piece, written.blockTokens(), [&](const BlockKey &key, int64_t at, int64_t count) {
        found &= find(key, at + count - key.at) != nullptr;
      });
  return found;
}

void TargetStore::check(const TokenRows &rows) const {
  std::vector<int64_t> all(size_t(rows.size()));
  std::iota(all.begin(), all.end(), 0);
  check(rows, all);
}

void TargetStore::check(const TokenRows &rows, std::span<const int64_t> which) const {
  for (int64_t row : which)
    for (const TokenPiece &piece : rows.pieces(row))
      forEachBlock(piece, written.blockTokens(), [&](const BlockKey &key, int64_t at, int64_t count) {
        if (!find(key, at + count - key.at))
          fail(folder.string(), ": no targets for row ", row, ", column ", piece.column + at - piece.at,
               ": the store was written for other documents");
      });
}

void TargetStore::readPiece(const TokenPiece &piece, int64_t row, const Targets &into) const {
  int64_t T = into.tail_BT.size(1), K = written.k;
  forEachBlock(piece, written.blockTokens(), [&](const BlockKey &key, int64_t at, int64_t count) {
    const Place &place = *find(key, at + count - key.at);
    const TargetShard &shard = all[place.shard];
    const TargetBlock &block = shard.blocks()[place.block];
    shard.check(block);
    for (int64_t n = 0; n < count; ++n) {
      int64_t token = row * T + piece.column + (at - piece.at) + n;
      const std::byte *record = block.records.data() + size_t(at - key.at + n) * code->bytes();
      if (!code->decode(record, into.ids_BTK.mutable_data_ptr<int32_t>() + token * K,
                        into.logprobs_BTK.mutable_data_ptr<float>() + token * K,
                        into.tail_BT.mutable_data_ptr<float>()[token]))
        fail(shard.path().string(), ": block ", place.block, ", record ", at - key.at + n, ": expected ", K,
             " ids of the vocabulary's ", written.vocabulary, ", found others");
    }
  });
}

Targets TargetStore::batch(const TokenRows &rows) const {
  check(rows);
  int64_t B = rows.size(), T = rows.length(), K = written.k;
  Targets targets{at::empty({B, T, K}, at::kInt), at::empty({B, T, K}), at::empty({B, T})};
  int32_t *ids = targets.ids_BTK.mutable_data_ptr<int32_t>();
  float *logprobs = targets.logprobs_BTK.mutable_data_ptr<float>(), *tail = targets.tail_BT.mutable_data_ptr<float>();
  for (int64_t row = 0; row < B; ++row) {
    int64_t filled = 0;
    for (const TokenPiece &piece : rows.pieces(row)) {
      readPiece(piece, row, targets);
      filled = piece.column + piece.count;
    }
    for (int64_t token = row * T + filled; token < (row + 1) * T; ++token) { // padding, which has no label
      std::iota(ids + token * K, ids + (token + 1) * K, 0);
      std::fill(logprobs + token * K, logprobs + (token + 1) * K, -69.0f);
      tail[token] = 0;
    }
  }
  return targets;
}

std::vector<at::Tensor> TargetStore::prepare(const TokenRows &rows) const {
  Targets targets = batch(rows);
  return {targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT};
}

} // namespace xlstm
