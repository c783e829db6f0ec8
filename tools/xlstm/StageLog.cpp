//===- StageLog.cpp - what a run's stages took ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StageLog.h"

#include "Commit.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Json.h"

#include <algorithm>
#include <fstream>
#include <thread>

namespace fs = std::filesystem;

namespace xlstm {

/// "AMD EPYC 9354 32-Core Processor", or the kind of the machine where Linux does not say.
static std::string machineName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name"))
      if (size_t colon = line.find(": "); colon != line.npos)
        return line.substr(colon + 2);
  return "x86-64";
}

void logStage(const fs::path &run, const std::string &name, double seconds, int64_t tokens, const std::string &device) {
  fs::path file = run / "stages.json";
  Json log = Json::object();
  std::error_code error;
  if (fs::is_regular_file(file, error))
    log = readJsonFile(file);
  Json stages = Json::array();
  if (log.is_object() && log.contains("stages") && log["stages"].is_array())
    for (const Json &stage : log["stages"])
      if (stage.is_object() && stage.value("name", "") != name)
        stages.push_back(stage);
  Json entry = {{"name", name}, {"seconds", seconds}};
  if (tokens > 0)
    entry["tokens"] = tokens;
  stages.push_back(entry);
  log = {{"machine", machineName()}, {"cores", std::max(1u, std::thread::hardware_concurrency())},
         {"device", device},         {"version", XLSTM_VERSION},
         {"commit", XLSTM_COMMIT},   {"stages", stages}};
  writeTextFile(file, log.dump(1) + "\n");
}

} // namespace xlstm
