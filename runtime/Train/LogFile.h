//===- LogFile.h - a log that a checkpoint knows the length of --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_LOGFILE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_LOGFILE_H

#include <filesystem>
#include <string_view>

namespace xlstm {

/// Appends to a file. What a killed run wrote behind its checkpoint is cut off: a resumed run's log is the
/// uninterrupted run's.
class LogFile {
public:
  /// Opens `path` and cuts it after `bytes`, what it held at the checkpoint to go on from. Throws Error, also when the
  /// file is shorter than that.
  LogFile(const std::filesystem::path &path, int64_t bytes);
  ~LogFile();
  LogFile(const LogFile &) = delete;
  LogFile &operator=(const LogFile &) = delete;

  void append(std::string_view text);
  int64_t size() const { return length; }
  /// Flushes to disk and returns the file's length.
  int64_t flush();

private:
  std::filesystem::path path;
  int descriptor = -1;
  int64_t length = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_LOGFILE_H
