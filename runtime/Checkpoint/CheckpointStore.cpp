//===- CheckpointStore.cpp - states of a training run on disk -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Progress.h"

#include <algorithm>

namespace xlstm {

namespace fs = std::filesystem;

fs::path CheckpointStore::stepFolder(int64_t step) const { return folder / ("step-" + padded(step, 6)); }

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
  bool isExtra = valid && *valid % every != 0;
  if (Group::world().isFirst())
    makeRoom(isExtra);
  writeCheckpoint(stepFolder(checkpoint.step), checkpoint);
  if (std::error_code ignored; Group::world().isFirst() && isExtra && *valid < checkpoint.step)
    fs::remove_all(stepFolder(*valid), ignored);
  valid = checkpoint.step;
}

void CheckpointStore::makeRoom(bool isExtra) const {
  fs::create_directories(folder);
  // A step at which none is due was saved by an interruption: it stays until the next is written, the one due before
  // it, too.
  int64_t room = most - 1;
  for (int64_t step : steps()) {
    bool isKnown = valid && (step == *valid || (step < *valid && step % every == 0));
    if (isKnown && ((isExtra && step == *valid) || room-- > 0))
      continue;
    std::error_code ignored; // what cannot be removed only takes space
    fs::remove_all(stepFolder(step), ignored);
  }
}

Checkpoint CheckpointStore::at(int64_t step, const CheckpointRead &how) {
  Checkpoint found = readCheckpoint(stepFolder(step), how);
  valid = step;
  return found;
}

std::optional<Checkpoint> CheckpointStore::newest(const std::function<bool(const Checkpoint &)> &fits,
                                                  const CheckpointRead &how) {
  for (int64_t step : steps()) {
    std::optional<Checkpoint> found;
    try {
      found = readCheckpoint(stepFolder(step), how);
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
