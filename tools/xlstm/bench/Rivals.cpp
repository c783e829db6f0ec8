//===- Rivals.cpp - others' kernels, timed by the scripts of kernels/bench/peers ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Bench.h"

#include "xlstm/Support/Error.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

namespace xlstm::bench {

/// As one word of a shell's command line.
static std::string quoted(const std::string &text) {
  std::string result = "'";
  for (char c : text)
    result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// Calls `take` with every line that `command` prints; its exit status.
template <typename Take>
static int readLines(const std::string &command, Take take) {
  FILE *pipe = popen(command.c_str(), "r");
  if (!pipe)
    fail("cannot start a shell for: ", command);
  std::string line;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    if (c == '\n')
      take(std::exchange(line, ""));
    else
      line += char(c);
  return pclose(pipe);
}

std::map<std::string, RivalTime> timeRivals(const std::string &folder, const std::vector<Rival> &rivals) {
  std::map<std::string, std::string> commands; // a script, and behind it its cases
  std::set<std::string> seen;
  for (const Rival &rival : rivals)
    if (!rival.script.empty() && seen.insert(rival.what).second)
      commands[rival.script] += ' ' + quoted(rival.what);
  std::map<std::string, RivalTime> times;
  for (const auto &[script, cases] : commands) {
    std::cout << std::flush;
    int status = readLines("python3 " + quoted(folder + '/' + script) + cases, [&](const std::string &line) {
      nlohmann::json row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (row.is_object() && row.contains("case") && row.contains("peer") && row.contains("ms"))
        times[row["case"]] = {row["peer"], row["ms"]};
    });
    if (status != 0)
      std::cerr << "peers: " << script << " ended with status " << status << '\n';
  }
  return times;
}

} // namespace xlstm::bench
