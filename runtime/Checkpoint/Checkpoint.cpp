//===- Checkpoint.cpp - one state of a training run on disk ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Evaluate/ScalarType.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/ForgetPages.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstring>

namespace xlstm {

namespace fs = std::filesystem;

// Of a state in one file, and in one of each rank.
static constexpr int wholeVersion = 2, shardedVersion = 3;
static const char *const stateName = "state.safetensors";

static std::string shardName(int64_t rank) { return "shard-" + padded(rank, 5) + ".safetensors"; }

/// The tensors of a file, with its slices as metadata: "begin end dim dim ...".
static void saveShard(const fs::path &file, const Checkpoint &checkpoint) {
  std::map<std::string, std::string> metadata;
  for (const auto &[name, slice] : checkpoint.slices) {
    std::string &text = metadata[name];
    text = std::to_string(slice.begin) + " " + std::to_string(slice.end);
    for (int64_t dim : slice.shape)
      text += " " + std::to_string(dim);
  }
  saveTensors(file, {checkpoint.tensors.begin(), checkpoint.tensors.end()}, metadata);
}

static void finish(AtomicDirectory &folder, int version, const char *key, const Json &hashes,
                   const Checkpoint &checkpoint) {
  Json json = {{"format", version}, {"step", checkpoint.step}, {key, hashes}, {"record", checkpoint.record}};
  writeTextFile(folder.path() / "checkpoint.json", json.dump(2) + "\n");
  folder.commit();
}

static std::string hashOfFile(const fs::path &folder, const std::string &name) {
  return hexDigits(measureFile(folder, name).hash);
}

/// Every rank's file in a folder that rank 0 makes, moves to its place and, where that fails, removes.
static void writeSharded(const fs::path &path, const Checkpoint &checkpoint) {
  Group &group = Group::world();
  std::optional<AtomicDirectory> folder;
  if (group.isFirst())
    folder.emplace(path);
  fs::path place = group.share(folder ? folder->path().string() : "");
  saveShard(place / shardName(group.rank()), checkpoint);
  FileHash mine = measureFile(place, shardName(group.rank())).hash;
  at::Tensor hashes = at::zeros({group.size(), 2}, at::kLong);
  int64_t *own = hashes.mutable_data_ptr<int64_t>() + 2 * group.rank();
  own[0] = int64_t(mine.low), own[1] = int64_t(mine.high);
  group.allReduce(hashes);
  if (!folder)
    return;
  Json shards = Json::array();
  const int64_t *all = hashes.const_data_ptr<int64_t>();
  for (int64_t rank = 0; rank < group.size(); ++rank)
    shards.push_back(hexDigits(FileHash{uint64_t(all[2 * rank]), uint64_t(all[2 * rank + 1])}));
  finish(*folder, shardedVersion, "shards", shards, checkpoint);
}

void writeCheckpoint(const fs::path &path, const Checkpoint &checkpoint) {
  if (checkpoint.isSharded)
    return writeSharded(path, checkpoint);
  AtomicDirectory folder(path);
  saveTensors(folder.path() / stateName, {checkpoint.tensors.begin(), checkpoint.tensors.end()});
  finish(folder, wholeVersion, "hash", hashOfFile(folder.path(), stateName), checkpoint);
}

namespace {

/// A stored tensor, or a part of one.
struct StoredSlice {
  Slice slice;
  StoredTensor tensor;
};

} // namespace

/// "begin end dim dim ..." of a tensor of a shard.
static Slice parseSlice(const fs::path &file, const std::string &name, const std::string &text) {
  std::istringstream words(text);
  Slice slice;
  bool isGood = bool(words >> slice.begin >> slice.end);
  int64_t elements = 1;
  for (int64_t dim; isGood && words >> dim; slice.shape.push_back(dim))
    isGood = dim > 0 && !__builtin_mul_overflow(elements, dim, &elements);
  if (!isGood || !words.eof() || slice.begin < 0 || slice.end <= slice.begin || slice.end > elements)
    fail(file.string(), ": tensor '", name, "': expected where it lies in a tensor, found '", text, "'");
  return slice;
}

static std::map<std::string, std::vector<StoredSlice>> openFile(const fs::path &file, bool isShard) {
  std::map<std::string, std::vector<StoredSlice>> found;
  SafetensorsFile tensors = SafetensorsFile::open(file);
  for (const auto &[name, stored] : tensors.tensors()) {
    int64_t count = int64_t(stored.spec.numElements());
    Slice slice{stored.spec.shape, 0, count};
    auto text = tensors.metadata().find(name);
    if (isShard)
      slice = parseSlice(file, name, text == tensors.metadata().end() ? "" : text->second);
    if (slice.end - slice.begin != count)
      fail(file.string(), ": tensor '", name, "': expected ", slice.end - slice.begin, " elements, found ", count);
    found[name].push_back({slice, stored});
  }
  return found;
}

/// Elements of a tensor out of the parts in which it is stored.
static at::Tensor readSlice(const fs::path &path, const std::string &name, const std::vector<StoredSlice> &stored,
                            const Slice &wanted) {
  DType type = stored.front().tensor.spec.dtype;
  size_t size = sizeOf(type);
  at::Tensor tensor = at::empty({wanted.end - wanted.begin}, scalarType(type));
  int64_t copied = 0;
  for (const StoredSlice &part : stored) {
    int64_t begin = std::max(part.slice.begin, wanted.begin), end = std::min(part.slice.end, wanted.end);
    if (begin >= end || part.slice.shape != wanted.shape || part.tensor.spec.dtype != type)
      continue;
    std::memcpy(static_cast<std::byte *>(tensor.mutable_data_ptr()) + size_t(begin - wanted.begin) * size,
                part.tensor.bytes.data() + size_t(begin - part.slice.begin) * size, size_t(end - begin) * size);
    copied += end - begin;
    forgetPages(part.tensor.bytes); // of a mapping: all of it would count as memory beside the copies
  }
  if (copied != tensor.numel()) // parts of different ranks have no element in common
    fail(path.string(), ": tensor '", name, "': expected elements ", wanted.begin, " to ", wanted.end, " of ",
         describe({name, type, wanted.shape}), ", found ", copied, " of them");
  return tensor;
}

static bool isCheckpoint(const Json &json) {
  if (!json.is_object() || !json.contains("format") || !json.contains("step") || !json.contains("record") ||
      !json["step"].is_number_integer())
    return false;
  return json["format"] == shardedVersion ? json.contains("shards") && json["shards"].is_array()
                                          : json.contains("hash");
}

Checkpoint readCheckpoint(const fs::path &path, const CheckpointRead &how) {
  fs::path file = path / "checkpoint.json";
  Json json = readJsonFile(file);
  if (!isCheckpoint(json))
    fail(file.string(), ": not a checkpoint: expected keys format, step, hash or shards, record");
  bool isSharded = json["format"] == shardedVersion;
  if (!isSharded && json["format"] != wholeVersion)
    fail(file.string(), ": 'format': expected ", wholeVersion, ", found ", json["format"].dump());
  std::vector<std::pair<std::string, Json>> files; // name, hash
  if (!isSharded)
    files.emplace_back(stateName, json["hash"]);
  for (const Json &hash : isSharded ? json["shards"] : Json::array())
    files.emplace_back(shardName(int64_t(files.size())), hash);

  std::map<std::string, std::vector<StoredSlice>> stored;
  for (const auto &[name, hash] : files) {
    if (how.verify)
      if (std::string found = hashOfFile(path, name); hash != found)
        fail((path / name).string(), ": expected content of hash ", hash.dump(), ", found ", found);
    for (auto &[tensor, parts] : openFile(path / name, isSharded))
      std::ranges::move(parts, std::back_inserter(stored[tensor]));
  }
  Checkpoint checkpoint;
  checkpoint.step = json["step"].get<int64_t>();
  checkpoint.record = json["record"];
  for (const auto &[name, parts] : stored) {
    const Slice &first = parts.front().slice;
    if (!how.only) {
      auto all = int64_t(TensorSpec{name, DType::F32, first.shape}.numElements());
      checkpoint.tensors[name] = readSlice(path, name, parts, {first.shape, 0, all}).view(first.shape);
    } else if (auto wanted = how.only->find(name); wanted != how.only->end()) {
      checkpoint.tensors[name] = readSlice(path, name, parts, wanted->second);
    }
  }
  return checkpoint;
}

} // namespace xlstm
