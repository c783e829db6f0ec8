//===- CheckpointStore.cpp - states of a training run on disk -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <algorithm>

namespace xlstm {

namespace fs = std::filesystem;

static constexpr int checkpointVersion = 2;
static const char *const stateName = "state.safetensors";

static std::string hashOfState(const fs::path &folder) { return hexDigits(measureFile(folder, stateName).hash); }

void writeCheckpoint(const fs::path &path, const Checkpoint &checkpoint) {
  AtomicDirectory folder(path);
  std::vector<std::pair<std::string, at::Tensor>> tensors(checkpoint.tensors.begin(), checkpoint.tensors.end());
  saveTensors(folder.path() / stateName, tensors);
  Json json = {{"format", checkpointVersion},
               {"step", checkpoint.step},
               {"hash", hashOfState(folder.path())},
               {"record", checkpoint.record}};
  writeTextFile(folder.path() / "checkpoint.json", json.dump(2) + "\n");
  folder.commit();
}

Checkpoint readCheckpoint(const fs::path &path) {
  fs::path file = path / "checkpoint.json", state = path / stateName;
  Json json = readJsonFile(file);
  if (!json.is_object() || !json.contains("format") || !json.contains("step") || !json.contains("hash") ||
      !json.contains("record") || !json["step"].is_number_integer())
    fail(file.string(), ": not a checkpoint: expected keys format, step, hash, record");
  if (json["format"] != checkpointVersion)
    fail(file.string(), ": 'format': expected ", checkpointVersion, ", found ", json["format"].dump());
  if (std::string found = hashOfState(path); json["hash"] != found)
    fail(state.string(), ": expected content of hash ", json["hash"].dump(), ", found ", found);

  Checkpoint checkpoint;
  checkpoint.step = json["step"].get<int64_t>();
  checkpoint.record = json["record"];
  SafetensorsFile tensors = SafetensorsFile::open(state);
  for (const auto &[name, stored] : tensors.tensors())
    checkpoint.tensors[name] = toTensor(stored);
  return checkpoint;
}

fs::path CheckpointStore::stepFolder(int64_t step) const {
  std::string digits = std::to_string(step);
  return folder / ("step-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits);
}

std::vector<int64_t> CheckpointStore::steps() const {
  std::vector<int64_t> result;
  if (!fs::is_directory(folder))
    return result;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.size() < 11 || name.size() > 20 || !name.starts_with("step-") ||
        name.find_first_not_of("0123456789", 5) != std::string::npos)
      continue; // not ours, or under its temporary name
    result.push_back(std::stoll(name.substr(5)));
  }
  std::sort(result.begin(), result.end(), std::greater<>());
  return result;
}

void CheckpointStore::save(const Checkpoint &checkpoint) {
  fs::create_directories(folder);
  // A step at which none is due was saved by an interruption: it stays until the next is written, the one due before
  // it, too.
  bool isExtra = valid && *valid % every != 0;
  int64_t room = most - 1;
  for (int64_t step : steps()) {
    bool isKnown = valid && (step == *valid || (step < *valid && step % every == 0));
    if (isKnown && ((isExtra && step == *valid) || room-- > 0))
      continue;
    std::error_code ignored; // what cannot be removed only takes space
    fs::remove_all(stepFolder(step), ignored);
  }
  writeCheckpoint(stepFolder(checkpoint.step), checkpoint);
  if (std::error_code ignored; isExtra && *valid < checkpoint.step)
    fs::remove_all(stepFolder(*valid), ignored);
  valid = checkpoint.step;
}

Checkpoint CheckpointStore::at(int64_t step) {
  Checkpoint found = readCheckpoint(stepFolder(step));
  valid = step;
  return found;
}

std::optional<Checkpoint> CheckpointStore::newest(const std::function<bool(const Checkpoint &)> &fits) {
  for (int64_t step : steps()) {
    std::optional<Checkpoint> found;
    try {
      found = readCheckpoint(stepFolder(step));
    } catch (const Error &error) {
      say("resume", std::string("passed over: ") + error.what());
      continue;
    }
    if (!fits(*found))
      continue;
    valid = step;
    return found;
  }
  return std::nullopt;
}

} // namespace xlstm
