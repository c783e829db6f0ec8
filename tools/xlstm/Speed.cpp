//===- Speed.cpp - how fast teacher and student write, by length ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Speed.h"

#include "xlstm/Support/Error.h"

#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

namespace fs = std::filesystem;

extern char **environ;

namespace xlstm {
namespace {

constexpr const char *written = "32", *repetitions = "3";

/// Runs a program with its standard output in `out`. Throws Error where it fails.
void run(const std::vector<std::string> &words, const fs::path &out) {
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  pid_t child = 0;
  int problem = posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  while (!problem && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (problem || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail(words[0], ": bench: ", problem ? std::strerror(problem) : "did not end well");
}

/// Tokens a second behind as many tokens, of an executable.
Json measure(const fs::path &executable, const std::vector<int64_t> &lengths) {
  std::string depths;
  for (int64_t length : lengths)
    depths += (depths.empty() ? "" : ",") + std::to_string(length);
  Json points = Json::array();
  for (const Json &test : benchExecutable(executable, {"-p", "0", "-n", written, "-d", depths, "-r", repetitions}))
    points.push_back(
        {{"length", test.at("n_depth")}, {"tokens_a_second", test.at("avg_ts")}, {"deviation", test.at("stddev_ts")}});
  return points;
}

} // namespace

Json benchExecutable(const fs::path &executable, const std::vector<std::string> &options) {
  ScratchFolder scratch(executable);
  fs::path out = scratch.path() / "bench.json";
  std::vector<std::string> words = {fs::absolute(executable).string(), "bench", "-o", "json"};
  words.insert(words.end(), options.begin(), options.end());
  run(words, out);
  return readJsonFile(out);
}

void measureSpeed(const fs::path &teacher, const fs::path &chat, const SpeedSettings &settings,
                  const fs::path &output) {
  fs::create_directories(output.parent_path());
  ScratchFolder scratch(output);
  fs::path compiled = scratch.path() / "teacher";
  compileBundle(teacher, compiled, settings.compile);
  Json models = {{"teacher", measure(compiled, settings.lengths)},
                 {"student", measure(chat, settings.lengths)}};
  writeTextFile(output, Json{{"written", std::stoi(written)}, {"models", models}}.dump(1) + "\n");
}

} // namespace xlstm
