//===- TokenCorpus.cpp - a corpus that was made tokens of once ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TokenCorpus.h"

#include "TokenShard.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// A vector of a shard: of `count` elements, or of none where that is allowed.
template <typename T>
static std::span<const T> vectorOf(const SafetensorsFile &file, const char *name, DType type, size_t count,
                                   bool mayBeEmpty) {
  const StoredTensor &stored = file.get(name);
  size_t found = stored.bytes.size() / sizeof(T);
  if (stored.spec.dtype != type || stored.spec.shape.size() != 1 || (found != count && !(mayBeEmpty && found == 0)))
    fail(file.path().string(), ": tensor '", name, "': expected ", describe({name, type, {int64_t(count)}}), ", found ",
         describe(stored.spec));
  return {reinterpret_cast<const T *>(stored.bytes.data()), found};
}

void TokenCorpus::add(const fs::path &path) {
  SafetensorsFile file = SafetensorsFile::parse(MappedFile::openInside(path.parent_path(), path.filename()));
  const std::vector<int64_t> &ids = file.get("ids").spec.shape, &ends = file.get("ends").spec.shape;
  size_t tokenCount = ids.empty() ? 0 : size_t(ids[0]), documentCount = ends.empty() ? 0 : size_t(ends[0]);
  Shard shard;
  shard.file = file.get("ids").file;
  shard.ids = vectorOf<int32_t>(file, "ids", DType::I32, tokenCount, false);
  shard.ends = vectorOf<int64_t>(file, "ends", DType::I64, documentCount, false);
  shard.learned = vectorOf<uint8_t>(file, "learned", DType::U8, tokenCount, true);
  shard.weights = vectorOf<float>(file, "weights", DType::F32, documentCount, true);
  shard.first = documents;
  bool isRising = std::ranges::is_sorted(shard.ends) && (documentCount == 0 || shard.ends.front() >= 0);
  if (documentCount == 0 || !isRising || size_t(shard.ends.back()) != tokenCount)
    fail(path.string(), ": tensor 'ends': expected places that rise to ", tokenCount, ", found others");
  documents += uint32_t(documentCount);
  tokens += tokenCount;
  shards.push_back(shard);
}

static Json readManifest(const fs::path &folder) {
  fs::path file = tokenManifest(folder);
  Json manifest = readJsonFile(file);
  bool isOne = manifest.is_object() && manifest.value("format", Json()) == tokenCorpusVersion &&
               manifest.contains("shards") && manifest["shards"].is_array() && !manifest["shards"].empty();
  if (!isOne)
    fail(file.string(), ": expected format ", tokenCorpusVersion, " and a list 'shards'");
  return manifest;
}

TokenCorpus TokenCorpus::open(const fs::path &folder, const std::string &name) {
  TokenCorpus corpus;
  corpus.called = name;
  Json manifest = readManifest(folder);
  for (size_t shard = 0; shard < manifest["shards"].size(); ++shard)
    corpus.add(tokenShard(folder, int64_t(shard)));
  if (manifest.value("documents", Json()) != corpus.documents || manifest.value("tokens", Json()) != corpus.tokens)
    fail(folder.string(), ": the shards hold ", corpus.documents, " documents of ", corpus.tokens,
         " tokens, expected what tokens.json says");
  return corpus;
}

std::string TokenCorpus::problemOf(const fs::path &folder) {
  try {
    Json manifest = readManifest(folder);
    for (size_t shard = 0; shard < manifest["shards"].size(); ++shard) {
      fs::path file = tokenShard(folder, int64_t(shard));
      if (Json(hexDigits(measureFile(folder, file.filename()).hash)) != manifest["shards"][shard])
        return file.string() + ": is damaged: expected hash " + manifest["shards"][shard].dump() + ", found another";
    }
    open(folder, folder.string());
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

const TokenCorpus::Shard &TokenCorpus::shardOf(uint32_t number) const {
  if (number >= documents)
    fail(called, ": document ", number, " does not exist; there are ", documents);
  auto after = std::ranges::upper_bound(shards, number, {}, &Shard::first);
  return *std::prev(after);
}

TokenView TokenCorpus::document(uint32_t number) const {
  const Shard &shard = shardOf(number);
  size_t at = number - shard.first, begin = at == 0 ? 0 : size_t(shard.ends[at - 1]);
  size_t count = size_t(shard.ends[at]) - begin;
  return {shard.ids.subspan(begin, count), shard.learned.empty() ? shard.learned : shard.learned.subspan(begin, count)};
}

double TokenCorpus::weight(uint32_t number) const {
  const Shard &shard = shardOf(number);
  return shard.weights.empty() ? 1 : double(shard.weights[number - shard.first]);
}

} // namespace xlstm
