//===- SpeedLog.cpp - how fast a stage's steps were -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "SpeedLog.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <algorithm>

namespace xlstm {

/// Bytes of the lines up to step `done`; what is no line, such as one that a kill broke off, ends them.
static int64_t bytesUpTo(const std::filesystem::path &file, int64_t done) {
  std::error_code error;
  std::string text = std::filesystem::exists(file, error) ? readTextFile(file) : "";
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    Json line = Json::parse(text.begin() + int64_t(begin), text.begin() + int64_t(end), nullptr, false);
    if (!line.is_object() || line.value("step", done + 1) > done)
      break;
  }
  return int64_t(begin);
}

SpeedLog::SpeedLog(const std::filesystem::path &file, int64_t done, const StepSpeed &speed, c10::Device device)
    : speed(speed), device(device), log(file, bytesUpTo(file, done)), first(done) {}

void SpeedLog::begin(int64_t done) {
  first = done, tokens = 0;
  start = Clock::now();
}

void SpeedLog::end(int64_t done) {
  if (done == first)
    return;
  double seconds = std::max(std::chrono::duration<double>(Clock::now() - start).count(), 1e-9);
  double rate = double(tokens) / seconds;
  Json line = {{"step", done}, {"steps", done - first}, {"seconds", seconds}, {"tokens_per_second", rate}};
  if (double bytes = heldBytes(device); bytes > 0)
    line["bytes"] = bytes;
  if (double share = speed.share(rate); share > 0)
    line["share"] = share;
  log.append(line.dump() + "\n");
}

} // namespace xlstm
