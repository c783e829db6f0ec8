//===- WeightFiles.cpp - the tensors of a model folder --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/WeightFiles.h"

#include "xlstm/Runtime/Files/AdapterFolder.h"
#include "xlstm/Runtime/Files/CopyFile.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <set>

using namespace xlstm;
namespace fs = std::filesystem;

/// A shard that the index names; refused unless it is a plain name of a file of the folder.
static SafetensorsFile openShard(const fs::path &folder, const std::string &index, const std::string &name) {
  if (name.find_first_of(std::string("/\\\0", 3)) != name.npos || !name.ends_with(".safetensors"))
    fail(index, ": expected the name of a .safetensors file of the folder, found ", quotePath(name));
  auto shard = MappedFile::findInside(folder, name);
  if (!shard)
    fail(index, ": the shard ", quotePath(name), " is missing");
  return SafetensorsFile::parse(shard);
}

/// Tensor name to shard name.
static std::map<std::string, std::string> readWeightMap(const std::string &index) {
  Json root = readJsonFile(index);
  auto found = root.is_object() ? root.find("weight_map") : root.end();
  if (!root.is_object() || found == root.end() || !found->is_object() || found->empty())
    fail(index, ": expected an object with a 'weight_map' object that is not empty");
  std::map<std::string, std::string> map;
  for (const auto &[tensor, shard] : found->items()) {
    if (!shard.is_string())
      fail(index, ": weight_map: expected the file name of ", quote(tensor), ", found ", shard.type_name());
    map[tensor] = shard.get<std::string>();
  }
  return map;
}

/// Opens every shard of the index once and checks that index and shards list the same.
static std::map<std::string, StoredTensor> readShards(const fs::path &folder, const std::string &index) {
  std::map<std::string, std::string> map = readWeightMap(index);
  std::map<std::string, StoredTensor> entries;
  std::map<std::string, SafetensorsFile> shards;
  for (const auto &[tensor, name] : map) {
    if (!shards.contains(name))
      shards.emplace(name, openShard(folder, index, name));
    auto found = shards.at(name).tensors().find(tensor);
    if (found == shards.at(name).tensors().end())
      fail(index, ": the tensor ", quote(tensor), " is not in ", quotePath(name));
    entries.insert(*found);
  }
  for (const auto &[name, shard] : shards)
    for (const auto &[tensor, stored] : shard.tensors()) {
      auto listed = map.find(tensor);
      if (listed == map.end() || listed->second != name)
        fail(index, ": ", quotePath(name), " holds the tensor ", quote(tensor), ", which the index ",
             listed == map.end() ? "does not list" : "gives to " + quotePath(listed->second));
    }
  return entries;
}

WeightFiles WeightFiles::open(const fs::path &folder) {
  WeightFiles result;
  result.path = folder;
  fs::path index = folder / "model.safetensors.index.json";
  std::error_code error;
  if (auto single = MappedFile::findInside(folder, "model.safetensors"))
    result.entries = SafetensorsFile::parse(single).tensors();
  else if (fs::exists(fs::symlink_status(index, error)))
    result.entries = readShards(folder, index.string());
  else if (!fs::is_directory(folder, error))
    fail(folder.string(), ": expected a model folder, found ", fs::exists(folder, error) ? "a file" : "nothing");
  else if (isAdapterAlone(folder))
    fail(folder.string(), ": ", describeAdapter(folder));
  else
    fail(folder.string(), ": expected model.safetensors or model.safetensors.index.json, found neither",
         fs::exists(folder / "pytorch_model.bin", error) ? " (pickle files are not read: convert pytorch_model.bin)"
                                                         : "");
  return result;
}

WeightFiles WeightFiles::described(const fs::path &origin, const std::vector<TensorSpec> &specs) {
  WeightFiles files;
  files.path = origin;
  for (const TensorSpec &spec : specs)
    files.entries[spec.name] = {spec, {}, nullptr};
  return files;
}

void WeightFiles::copyTo(const fs::path &to, bool link) const {
  std::set<fs::path> files;
  for (const auto &[name, tensor] : entries)
    files.insert(tensor.file->path());
  for (const fs::path &file : files) // opened inside the folder: links do not lead out of it
    if (fs::path copy = to / file.filename(); !link || !linkFile(file, copy))
      copyFile(file, copy);
  if (!files.contains(path / "model.safetensors"))
    copyFile(path / "model.safetensors.index.json", to / "model.safetensors.index.json");
}

const StoredTensor *WeightFiles::find(const std::string &name) const {
  auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

const StoredTensor &WeightFiles::get(const std::string &name) const {
  if (const StoredTensor *found = find(name))
    return *found;
  fail(path.string(), ": has no tensor ", quote(name));
}

void WeightFiles::rename(const std::string &from, const std::string &to) {
  StoredTensor tensor = get(from);
  if (find(to))
    fail(path.string(), ": the tensors ", quote(from), " and ", quote(to),
         " are one tensor of the model; expected one");
  entries.erase(from);
  tensor.spec.name = to;
  set(std::move(tensor));
}
