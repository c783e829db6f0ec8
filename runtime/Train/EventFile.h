//===- EventFile.h - a run's log for TensorBoard --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_EVENTFILE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_EVENTFILE_H

#include "LogFile.h"

#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// TensorBoard takes a file for a log by "tfevents" in its name.
constexpr const char *eventFileName = "events.out.tfevents";

/// The Castagnoli CRC of RFC 3720, as TensorFlow's record format takes it: rotated, and a constant added.
uint32_t maskedCrc32c(std::string_view bytes);

/// A record: length, its checksum, an Event (tensorflow/core/util/event.proto) of simple values, its checksum.
std::string eventRecord(double wallTime, int64_t step, const std::vector<std::pair<std::string, float>> &values);
/// What a file begins with.
std::string eventHeader(double wallTime);

/// Appends the numbers of metrics.jsonl's lines, "layers.3" as it is, a pair as NAME/least and NAME/greatest, nested
/// objects as OUTER/INNER. The times in it are the only thing of a run that differs from one call to the next.
class EventFile {
public:
  /// As LogFile.
  EventFile(const std::filesystem::path &path, int64_t bytes);
  void append(const Json &line);
  int64_t flush() { return file.flush(); }

private:
  LogFile file;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_EVENTFILE_H
