//===- RunFolder.h - stages that are done once ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RUNFOLDER_H
#define XLSTM_TOOLS_XLSTM_RUNFOLDER_H

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace xlstm {

/// The folder of one run. A stage that is done leaves a stamp with the settings it ran under; a later run with the same
/// settings skips it, one with other settings is refused, so that results never mix. Locked while this lives.
class RunFolder {
public:
  /// Makes the folder when it is missing, and removes what a killed process left half done. Throws Error when another
  /// process works in it, and when it holds what is no run's.
  explicit RunFolder(std::filesystem::path folder);
  ~RunFolder();
  RunFolder(const RunFolder &) = delete;
  RunFolder &operator=(const RunFolder &) = delete;

  std::filesystem::path operator/(const std::string &name) const { return folder / name; }
  const std::filesystem::path &path() const { return folder; }

  bool isDone(const std::string &stage) const { return std::filesystem::exists(folder / ".stages" / stage); }

  /// Where stages run, for stages.json.
  std::string device = "cpu";

  /// Runs `work` unless `name` is stamped. Stages run in order: a stage's settings are its own and those of all before.
  /// `tokens` are what it trains on.
  void stage(const std::string &name, const std::string &settings, const std::function<void()> &work,
             int64_t tokens = 0);
  /// Removes what only the stages before this call needed, such as their checkpoints; `path` is relative to the folder.
  void discard(const std::filesystem::path &path) const;

private:
  std::filesystem::path folder;
  std::string history; // settings of the stages so far
  int lock = -1;
};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RUNFOLDER_H
