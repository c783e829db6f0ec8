//===- RunFolder.cpp - the folder of a run and its stages -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunFolder.h"

#include "StageLog.h"

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

static void checkIsRun(const fs::path &folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder / ".stages", error) && !fs::is_empty(folder, error))
    fail(folder.string(), ": expected a new or empty folder, or that of a run, found ",
         fs::is_directory(folder, error) ? "one with other files" : "a file", "; it is left as it is");
}

RunFolder::RunFolder(fs::path path, Access access, FileHashes hashes)
    : folder(std::move(path)), known(std::move(hashes)) {
  checkIsRun(folder);
  std::error_code error;
  bool isWork = access == Access::Work;
  if (isWork)
    fs::create_directories(folder / ".stages", error);
  else if (!fs::is_directory(folder / ".stages", error))
    fail(folder.string(), ": expected the folder of a run, found none");
  if (error)
    fail(folder.string(), ": cannot make the run's folder: ", error.message());
  lock = open((folder / ".lock").c_str(), (isWork ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0666);
  if (lock < 0 && isWork)
    fail((folder / ".lock").string(), ": ", std::strerror(errno));
  busy = lock >= 0 && flock(lock, (isWork ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0;
  if (busy && isWork)
    fail(folder.string(), ": another process works in this folder");
  if (isWork)
    removeStaleBelow(folder);
}

RunFolder::~RunFolder() {
  if (lock >= 0)
    close(lock);
}

void RunFolder::setStages(std::vector<Stage> stages) { all = std::move(stages); }

const Stage &RunFolder::stage(const std::string &name) const {
  auto found = std::ranges::find(all, name, &Stage::name);
  if (found == all.end())
    fail(folder.string(), ": there is no stage '", name, "'");
  return *found;
}

/// A stamp; null where there is none, an empty object where it is not one of this version's.
static Json readStamp(const fs::path &file) {
  try {
    Json stamp = findJsonFile(file);
    bool isOne = stamp.is_object() && stamp.contains("inputs") && stamp.contains("reads") && stamp.contains("outputs");
    return stamp.is_null() || isOne ? stamp : Json::object();
  } catch (const Error &) {
    return Json::object();
  }
}

/// Files of an output, relative to the run's folder; hidden ones are somebody's temporaries.
static std::vector<fs::path> filesOf(const fs::path &folder, const fs::path &output) {
  std::vector<fs::path> files;
  std::error_code error;
  if (!fs::is_directory(folder / output, error))
    return {output};
  for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder / output))
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path().lexically_relative(folder));
  std::sort(files.begin(), files.end());
  return files;
}

/// Every value of `was` that `is` has otherwise or lacks, and those that are new, in words.
static std::string differenceOf(const Json &was, const Json &is) {
  std::string text;
  auto add = [&](const std::string &name, const char *what) { text += (text.empty() ? "" : ", ") + name + what; };
  for (const auto &[name, value] : is.items())
    if (!was.contains(name))
      add(name, " is new");
    else if (was[name] != value)
      add(name, " has changed");
  for (const auto &[name, value] : was.items())
    if (!is.contains(name))
      add(name, " is gone");
  return text;
}

std::string RunFolder::problemOfOutputs(const Stage &stage, const Json &stamp, bool readAll) {
  for (const auto &[name, hash] : stamp.at("outputs").items()) {
    std::error_code error;
    if (!fs::exists(folder / name, error))
      return name + " is not there any more";
    if (Json(readAll ? known.readAgain(folder / name) : known.of(folder / name)) != hash)
      return name + " is damaged or was changed";
  }
  for (const fs::path &output : stage.outputs) {
    bool isIn = false;
    for (const auto &[name, hash] : stamp.at("outputs").items())
      isIn |= name == output.string() || name.starts_with(output.string() + "/");
    if (!isIn)
      return output.string() + " is missing";
  }
  return "";
}

bool RunFolder::areReadersDone(const Stage &stage) {
  return std::ranges::all_of(all, [&](const Stage &reader) {
    return std::ranges::find(reader.reads, stage.name) == reader.reads.end() || isDone(reader.name);
  });
}

/// Hashes of what the stages that it reads wrote.
Json RunFolder::readsOf(const Stage &stage) const {
  Json reads = Json::object();
  for (const std::string &name : stage.reads) {
    Json stamp = readStamp(this->stamp(name));
    reads[name] = stamp.contains("outputs") ? hashOfText(stamp["outputs"].dump()) : "";
  }
  return reads;
}

StageStatus RunFolder::status(const std::string &name) {
  const Stage &stage = this->stage(name);
  Json stamp = readStamp(this->stamp(name));
  std::error_code error;
  if (stamp.is_null())
    return fs::exists(this->stamp(name + ".begun"), error) ? StageStatus{StageState::Unfinished, ""}
                                                           : StageStatus{StageState::New, ""};
  if (stamp.empty())
    return {StageState::Stale, "it was done by another version of xlstm"};
  if (std::string reason = differenceOf(stamp["inputs"], Json(stage.inputs)); !reason.empty())
    return {StageState::Stale, reason};
  if (std::string reason = differenceOf(stamp["reads"], readsOf(stage)); !reason.empty())
    return {StageState::Stale, "what it reads: " + reason};
  std::string problem = problemOfOutputs(stage, stamp, false);
  if (problem.empty() || (stage.mayPass && areReadersDone(stage)))
    return {StageState::Done, ""};
  return {StageState::Damaged, problem};
}

/// Whether two records of what a stage reads differ in nothing but what `grows`.
static bool isSameBut(const Json &was, const Json &is, const std::set<std::string> &grows) {
  if (!was.is_object() || !was.contains("inputs") || !was.contains("reads"))
    return false;
  for (const char *part : {"inputs", "reads"}) {
    Json before = was[part], after = is[part];
    for (const std::string &name : grows) {
      before.erase(name);
      after.erase(name);
    }
    if (before != after)
      return false;
  }
  return true;
}

/// Takes up what an earlier start of the same stage left, or removes it.
void RunFolder::begin(const Stage &stage, const StageStatus &status) {
  Json reads = {{"inputs", stage.inputs}, {"reads", readsOf(stage)}};
  fs::path begun = stamp(stage.name + ".begun");
  Json before;
  try {
    before = status.state == StageState::Unfinished ? findJsonFile(begun) : readStamp(stamp(stage.name));
  } catch (const Error &) { // begins anew
  }
  if (status.state == StageState::Unfinished && before == reads)
    return;
  bool goesOn = isSameBut(before, reads, stage.grows);
  if (status.state == StageState::Unfinished && !goesOn && before.is_object() && before.contains("inputs") &&
      before.contains("reads"))
    say(stage.name, "begins anew: " + differenceOf(before["inputs"], reads["inputs"]) +
                        differenceOf(before["reads"], reads["reads"]));
  for (const fs::path &path : goesOn ? std::vector<fs::path>() : stage.work)
    discard(path);
  std::error_code ignored;
  fs::remove(stamp(stage.name), ignored);
  writeTextFile(begun, reads.dump(1) + "\n");
}

void RunFolder::make(const Stage &stage, const StageStatus &status) {
  setInterruptLine("stage '" + stage.name + "' in " + folder.string() +
                   " is not finished; the same command goes on there");
  begin(stage, status);
  announce(stage.name, "begins");
  auto start = std::chrono::steady_clock::now();
  stage.make();
  std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
  logStage(folder, stage.name, spent.count(), stage.tokens, device);
  Json outputs = Json::object();
  for (const fs::path &output : stage.outputs)
    for (const fs::path &file : filesOf(folder, output))
      outputs[file.string()] = known.readAgain(folder / file);
  for (const fs::path &file : stage.wrote ? stage.wrote() : std::vector<fs::path>()) {
    fs::path name = fs::absolute(file).lexically_relative(fs::absolute(folder));
    bool isInside = !name.empty() && *name.begin() != "..";
    outputs[isInside ? name.string() : fs::absolute(file).string()] = known.readAgain(file);
  }
  writeTextFile(stamp(stage.name),
                Json{{"inputs", stage.inputs}, {"reads", readsOf(stage)}, {"outputs", outputs}}.dump(1) + "\n");
  known.save();
  checked.insert(stage.name);
  std::error_code ignored;
  fs::remove(stamp(stage.name + ".begun"), ignored);
  say(stage.name, "done in " + std::to_string(int64_t(spent.count())) + " s");
}

/// What is about to be read is read through: damage that left no trace in a file's times is found here.
void RunFolder::repairReads(const Stage &stage, const std::set<std::string> &only) {
  for (const std::string &name : stage.reads) {
    const Stage &read = this->stage(name);
    if (checked.contains(name))
      continue;
    Json stamp = readStamp(this->stamp(name));
    std::string problem = stamp.contains("outputs") ? problemOfOutputs(read, stamp, true) : "it is not done";
    checked.insert(name);
    if (problem.empty())
      continue;
    if (!only.empty() && !only.contains(name))
      fail(folder.string(), ": stage '", stage.name, "' reads stage '", name, "': ", problem);
    say(name, "again: " + problem);
    repairReads(read, only);
    make(read, {StageState::Damaged, problem});
  }
}

void RunFolder::ensure(const std::string &name, const std::set<std::string> &only) {
  const Stage &stage = this->stage(name);
  StageStatus status = this->status(name);
  if (status.state == StageState::Done) {
    std::error_code ignored; // of a process that was killed just after the stamp
    fs::remove(stamp(name + ".begun"), ignored);
    return say(name, "done before");
  }
  repairReads(stage, only);
  if (status.state == StageState::Damaged || status.state == StageState::Stale)
    say(name, "again: " + status.reason);
  make(stage, status);
}

std::vector<fs::path> RunFolder::filesWrittenBy(const std::string &stage) const {
  std::vector<fs::path> files;
  Json stamp = readStamp(this->stamp(stage));
  if (stamp.contains("outputs"))
    for (const auto &[name, hash] : stamp["outputs"].items())
      files.emplace_back(name);
  return files;
}

void RunFolder::discard(const fs::path &path) const {
  std::error_code ignored; // what cannot be removed only takes space
  fs::remove_all(folder / path, ignored);
}

} // namespace xlstm
