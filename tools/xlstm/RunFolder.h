//===- RunFolder.h - the folder of a run and its stages -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// .stages/NAME is what a finished stage leaves: hashes of all that it read and of all that it wrote, by name.
// .stages/NAME.begun is what one that began reads; .stages/hashes.json the hashes of files as of their size and times.

#ifndef XLSTM_TOOLS_XLSTM_RUNFOLDER_H
#define XLSTM_TOOLS_XLSTM_RUNFOLDER_H

#include "FileHashes.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>

namespace xlstm {

/// A node of a run's graph. All paths are relative to the run's folder.
struct Stage {
  std::string name;
  /// What it depends on beside other stages: what each is called, and a hash or the text of it.
  std::map<std::string, std::string> inputs;
  /// Stages whose outputs it reads, all before it.
  std::vector<std::string> reads;
  /// Files, and folders with all that is below them.
  std::vector<std::filesystem::path> outputs;
  std::function<void()> make;
  /// What a stage that is done anew must not go on from, such as checkpoints.
  std::vector<std::filesystem::path> work = {};
  /// Whether its outputs may be gone once what reads them is done.
  bool mayPass = false;
  int64_t tokens = 0; // that it trains on, for stages.json
  /// Inputs and stages of which another state leaves `work` useful: what goes on from it looks at that itself.
  std::set<std::string> grows = {};
  /// Files that it wrote beside `outputs`, which are known once it is made; perhaps outside of the run's folder.
  std::function<std::vector<std::filesystem::path>()> wrote = {};
};

enum class StageState { New, Unfinished, Done, Stale, Damaged };

/// How a stage stands, and why it has to be done, in words.
struct StageStatus {
  StageState state;
  std::string reason;
};

/// The folder of one run. A stage is done when it is new, when what it read is not what it would read now, or when what
/// it wrote is gone or damaged; then also those that read it, where it came out in other bytes. What is not touched by
/// that is kept.
class RunFolder {
public:
  enum class Access { Work, Look };
  /// To work: makes the folder when it is missing, locks it while this lives, and removes what a killed process left
  /// half done. Throws Error when another process works in it, and when it holds what is no run's. To look: throws
  /// where there is no run.
  RunFolder(std::filesystem::path folder, Access access, FileHashes hashes);
  ~RunFolder();
  RunFolder(const RunFolder &) = delete;
  RunFolder &operator=(const RunFolder &) = delete;

  std::filesystem::path operator/(const std::string &name) const { return folder / name; }
  const std::filesystem::path &path() const { return folder; }
  FileHashes &hashes() { return known; }

  /// The stages of the run, in an order in which none reads a later one.
  void setStages(std::vector<Stage> stages);
  const std::vector<Stage> &stages() const { return all; }
  StageStatus status(const std::string &stage);
  bool isDone(const std::string &stage) { return status(stage).state == StageState::Done; }
  /// The files that a stage's stamp has, relative to the folder or absolute.
  std::vector<std::filesystem::path> filesWrittenBy(const std::string &stage) const;
  /// Whether another process works in the folder; asked by who looks.
  bool isBusy() const { return busy; }

  /// Where stages run, for stages.json.
  std::string device = "cpu";

  /// Does what of `stage` has to be done. Those that it reads must be done, unless `only` is empty or has them.
  void ensure(const std::string &stage, const std::set<std::string> &only = {});
  /// Removes what is no longer needed; `path` is relative to the folder.
  void discard(const std::filesystem::path &path) const;

private:
  const Stage &stage(const std::string &name) const;
  std::filesystem::path stamp(const std::string &name) const { return folder / ".stages" / name; }
  std::string problemOfOutputs(const Stage &stage, const Json &stamp, bool readAll);
  bool areReadersDone(const Stage &stage);
  Json readsOf(const Stage &stage) const;
  void begin(const Stage &stage, const StageStatus &status);
  void make(const Stage &stage, const StageStatus &status);
  void repairReads(const Stage &stage, const std::set<std::string> &only);

  std::filesystem::path folder;
  FileHashes known;
  std::vector<Stage> all;
  std::set<std::string> checked; // stages whose outputs this process made, or read through
  int lock = -1;
  bool busy = false;
};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RUNFOLDER_H
