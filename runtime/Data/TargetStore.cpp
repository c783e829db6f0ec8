//===- TargetStore.cpp - read a teacher's stored targets ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/TargetStore.h"

#include "TargetShard.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <ATen/ops/empty.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <span>

namespace xlstm {
namespace {

int64_t readCount(const Json &manifest, const char *key, const std::filesystem::path &file) {
  auto found = manifest.find(key);
  if (found == manifest.end() || !found->is_number_integer() || *found < 1)
    fail(file.string(), ": '", key, "': expected a positive integer, found ",
         found == manifest.end() ? "nothing" : found->dump());
  return found->get<int64_t>();
}

/// Checks the shapes and types of a shard and returns its number of rows.
int64_t checkShard(const SafetensorsFile &file, int64_t T, int64_t k) {
  const TensorSpec &hash = file.get("row_hash").spec;
  int64_t n = hash.shape.size() == 1 ? hash.shape[0] : 0;
  auto expect = [&](const char *name, const std::vector<int64_t> &shape, std::initializer_list<DType> types) {
    const TensorSpec &spec = file.get(name).spec;
    if (spec.shape != shape || std::find(types.begin(), types.end(), spec.dtype) == types.end())
      fail(file.path().string(), ": tensor '", name, "': expected ", describe({name, *types.begin(), shape}),
           ", found ", describe(spec));
  };
  expect("row_hash", {n}, {DType::I64});
  expect("ids", {n, T, k}, {DType::U16, DType::I32});
  expect("logprobs", {n, T, k}, {DType::F16, DType::F32});
  expect("tail", {n, T}, {DType::F32});
  return n;
}

} // namespace

TargetStore TargetStore::open(const std::filesystem::path &folder) {
  std::filesystem::path file = targetManifest(folder);
  Json manifest = readJsonFile(file);
  if (!manifest.is_object())
    fail(file.string(), ": expected an object");
  if (int64_t format = readCount(manifest, "format", file); format != targetStoreVersion)
    fail(file.string(), ": 'format': expected ", targetStoreVersion, ", found ", format);

  TargetStore store;
  store.folder = folder;
  store.topK = readCount(manifest, "k", file);
  store.rowLength = readCount(manifest, "length", file);
  int64_t rows = 0, shards = readCount(manifest, "shards", file);
  for (int64_t shard = 0; shard < shards; ++shard) {
    store.shards.push_back(SafetensorsFile::open(targetShard(folder, shard)));
    int64_t n = checkShard(store.shards.back(), store.rowLength, store.topK);
    at::Tensor hashes = viewOf(store.shards.back().get("row_hash"));
    for (int64_t row = 0; row < n; ++row)
      store.places[uint64_t(hashes.const_data_ptr<int64_t>()[row])] = {size_t(shard), row};
    rows += n;
  }
  if (int64_t expected = readCount(manifest, "rows", file); rows != expected)
    fail(file.string(), ": 'rows': the shards hold ", rows, ", found ", expected);
  return store;
}

uint64_t TargetStore::numBytes() const {
  uint64_t bytes = 0;
  for (const SafetensorsFile &shard : shards)
    for (const auto &[name, stored] : shard.tensors())
      bytes += stored.spec.numBytes();
  return bytes;
}

const TargetStore::Place &TargetStore::find(uint64_t hash, int64_t row) const {
  auto found = places.find(hash);
  if (found == places.end())
    fail(folder.string(), ": no targets for row ", row, " of ", rowLength,
         " tokens: the store was written for another corpus or packing");
  return found->second;
}

void TargetStore::check(const TokenRows &rows) const {
  if (rows.length() != rowLength)
    fail(folder.string(), ": targets of rows of ", rowLength, " tokens, asked for rows of ", rows.length());
  std::vector<uint64_t> hashes = rows.hashes();
  for (size_t row = 0; row < hashes.size(); ++row)
    find(hashes[row], int64_t(row));
}

/// Copies row `row` of a tensor to `to`, in another type.
template <typename From, typename To>
static void copyRow(const StoredTensor &from, int64_t row, std::span<To> to) {
  auto *values = reinterpret_cast<const From *>(from.bytes.data()) + row * int64_t(to.size());
  std::transform(values, values + to.size(), to.begin(), [](From value) { return To(value); });
}

/// Row `row` of `into`.
template <typename T>
static std::span<T> rowOf(at::Tensor &into, int64_t row) {
  size_t size = size_t(into.numel() / into.size(0));
  return {into.mutable_data_ptr<T>() + row * int64_t(size), size};
}

Targets TargetStore::batch(const TokenRows &rows) const {
  check(rows);
  int64_t B = rows.size(), T = rowLength, K = topK;
  Targets targets{at::empty({B, T, K}, at::kInt), at::empty({B, T, K}), at::empty({B, T})};
  std::vector<uint64_t> hashes = rows.hashes();
  for (int64_t b = 0; b < B; ++b) {
    const Place &place = find(hashes[size_t(b)], b);
    const SafetensorsFile &shard = shards[place.shard];
    const StoredTensor &ids = shard.get("ids"), &logprobs = shard.get("logprobs");
    auto copyIds = ids.spec.dtype == DType::U16 ? copyRow<uint16_t, int32_t> : copyRow<int32_t, int32_t>;
    auto copyLogprobs = logprobs.spec.dtype == DType::F16 ? copyRow<c10::Half, float> : copyRow<float, float>;
    copyIds(ids, place.row, rowOf<int32_t>(targets.ids_BTK, b));
    copyLogprobs(logprobs, place.row, rowOf<float>(targets.logprobs_BTK, b));
    copyRow<float, float>(shard.get("tail"), place.row, rowOf<float>(targets.tail_BT, b));
  }
  return targets;
}

std::vector<at::Tensor> TargetStore::prepare(const TokenRows &rows) const {
  Targets targets = batch(rows);
  return {targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT};
}

} // namespace xlstm
