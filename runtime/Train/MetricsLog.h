//===- MetricsLog.h - a run's log, one JSON object a line -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_METRICSLOG_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_METRICSLOG_H

#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// Appends lines to a file. It holds no times, so that a resumed run's log is the uninterrupted run's.
class MetricsLog {
public:
  /// Opens `path` and cuts it after `bytes`, what it held at the checkpoint to go on from. Throws Error, also when the
  /// file is shorter than that.
  MetricsLog(const std::filesystem::path &path, int64_t bytes);
  ~MetricsLog();
  MetricsLog(const MetricsLog &) = delete;
  MetricsLog &operator=(const MetricsLog &) = delete;

  void append(const Json &line);
  /// Flushes to disk and returns the file's length.
  int64_t flush();

private:
  std::filesystem::path path;
  int descriptor = -1;
  int64_t length = 0;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_METRICSLOG_H
