//===- ExecutableTest.cpp - the compiled executable as its user sees it ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Payload.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

static std::string chat() { return tinyStudent().executable; }

static long countLines(const std::string &text) { return std::count(text.begin(), text.end(), '\n'); }

TEST(ExecutableTest, NeedsOnlyTheCAndCxxRuntime) {
  Ran ran = run({"/usr/bin/ldd", chat()});
  ASSERT_EQ(ran.status, 0) << ran.error;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    std::string name = fs::path(line.substr(1, line.find(' ') - 1)).filename();
    bool isRuntime = name.starts_with("linux-vdso.") || name.starts_with("ld-linux") || name.starts_with("libc.so.") ||
                     name.starts_with("libm.so.") || name.starts_with("libstdc++.so.") ||
                     name.starts_with("libgcc_s.so.") || name.starts_with("libasan.") || name.starts_with("libubsan.");
    EXPECT_TRUE(isRuntime) << line;
  }
}

TEST(ExecutableTest, HelpAndVersion) {
  for (const char *verb : {"bench", "logits"}) {
    Ran ran = run({chat(), verb, "--help"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_NE(ran.out.find("Usage:"), std::string::npos);
  }
  Ran help = run({chat(), "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char *option : {"--prompt", "--tokens", "--n-predict", "--temperature", "--temp", "--tools", "--top-k",
                             "--top-p", "--seed", "bench", "logits"})
    EXPECT_NE(help.out.find(option), std::string::npos) << option;
  Ran version = run({chat(), "--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_NE(version.out.find("student 'student'"), std::string::npos) << version.out;
  EXPECT_NE(version.out.find("target: cpu, CPU "), std::string::npos) << version.out;
}

TEST(ExecutableTest, WrongUsageIsOneLineAndStatus2) {
  for (const std::vector<std::string> &words : std::vector<std::vector<std::string>>{{"--temp", "-1"},
                                                                                     {"--top-p", "2"},
                                                                                     {"--no-such-option"},
                                                                                     {"no-such-verb"},
                                                                                     {"bench", "-o", "xml"},
                                                                                     {"logits"},
                                                                                     {"-n", "many"},
                                                                                     {"-p", "a", "-f", "b"}}) {
    std::vector<std::string> command = {chat()};
    command.insert(command.end(), words.begin(), words.end());
    Ran ran = run(command);
    EXPECT_EQ(ran.status, 2) << words[0];
    EXPECT_EQ(countLines(ran.error), 1) << ran.error;
    EXPECT_EQ(ran.error.substr(0, 20), "student-chat: error:") << ran.error;
    EXPECT_EQ(ran.out, "");
  }
}

TEST(ExecutableTest, BadInputIsOneLineAndStatus1) {
  std::string output = workFolder() / "never.safetensors";
  fs::path ids = workFolder() / "bad-ids.safetensors";
  saveTensors(ids, {{"input_ids", makeIds(5, 2048) + 2047}});
  for (const std::vector<std::string> &words :
       std::vector<std::vector<std::string>>{{"-f", "/no/such/file"},
                                             {"-p", "\xff"},
                                             {"--top-p", "0", "-p", "a"},
                                             {"logits", "--input", "/no/such/file", "-o", output},
                                             {"logits", "--input", ids, "-o", output}}) {
    std::vector<std::string> command = {chat()};
    command.insert(command.end(), words.begin(), words.end());
    Ran ran = run(command);
    EXPECT_EQ(ran.status, 1) << words[0] << " " << words[1];
    EXPECT_EQ(countLines(ran.error), 1) << ran.error;
    EXPECT_FALSE(fs::exists(output));
  }
}

TEST(ExecutableTest, SeedDecidesTheText) {
  auto write = [](const char *seed) {
    Ran ran =
        run({chat(), "-p", "The river", "-n", "30", "--temp", "1", "--top-k", "50", "--top-p", "0.9", "--seed", seed});
    EXPECT_EQ(ran.status, 0) << ran.error;
    return ran.out;
  };
  EXPECT_EQ(write("1"), write("1"));
  EXPECT_NE(write("1"), write("2"));
}

TEST(ExecutableTest, BenchWritesItsTable) {
  Ran table = run({chat(), "bench", "-p", "64,70", "-n", "4", "-d", "0,65", "-r", "2"});
  EXPECT_EQ(table.status, 0) << table.error;
  EXPECT_EQ(countLines(table.out), 2 + 6);
  for (const char *name : {"| pp64 |", "| pp70 |", "| tg4 |", "| pp64 @ d65 |", "| pp70 @ d65 |", "| tg4 @ d65 |"})
    EXPECT_NE(table.out.find(name), std::string::npos) << name;
  Ran json = run({chat(), "bench", "-p", "64", "-n", "0", "-r", "3", "-o", "json"});
  Json list = parseJson(json.out, "bench");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["n_prompt"], 64);
  EXPECT_EQ(list[0]["samples_ts"].size(), 3u);
  EXPECT_GT(list[0]["avg_ts"].get<double>(), 0);
}

//===----------------------------------------------------------------------===//
// Damage
//===----------------------------------------------------------------------===//

/// A copy of the executable, changed by `damage` (its bytes).
template <typename Damage>
static Ran runDamaged(const std::vector<std::string> &arguments, Damage damage) {
  std::string bytes = readTextFile(chat());
  damage(bytes);
  fs::path copy = workFolder() / "damaged-chat";
  fs::remove(copy);
  std::ofstream(copy, std::ios::binary) << bytes;
  fs::permissions(copy, fs::perms::owner_all);
  std::vector<std::string> command = {copy};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command);
}

TEST(ExecutableTest, DamageIsOneClearError) {
  const std::vector<std::string> write = {"-p", "a", "-n", "1"};
  auto expect = [](const Ran &ran, const char *text) {
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(countLines(ran.error), 1) << ran.error;
    EXPECT_NE(ran.error.find(text), std::string::npos) << ran.error;
  };
  expect(runDamaged(write, [](std::string &bytes) { bytes.resize(bytes.size() - 1); }), "carries no model");
  expect(runDamaged(write, [](std::string &bytes) { bytes.resize(bytes.size() - 1000000); }), "carries no model");
  expect(runDamaged(write, [](std::string &bytes) { bytes[bytes.size() - sizeof(PayloadFooter)] ^= 1; }), "footer");
  expect(runDamaged(write, [](std::string &bytes) { bytes.erase(bytes.size() - 100000, 4096); }), "bytes, found");
  expect(runDamaged(write, [](std::string &bytes) { bytes[bytes.size() - 1000] ^= 1; }), "tokenizer differs");
  for (const std::vector<std::string> &verb : {write, {"verify"}, {"bench", "-p", "1", "-n", "0", "-r", "1"}})
    expect(runDamaged(verb, [](std::string &bytes) { bytes[bytes.size() - 1000000] ^= 1; }), "weights differ");
  EXPECT_EQ(run({chat(), "verify"}).status, 0);
}

TEST(LinkTest, ErrorsLeaveNothingBehind) {
  fs::path output = workFolder() / "never-chat";
  CompileOptions options;
  options.libraries = workFolder();
  EXPECT_THROW(compileBundle(tinyStudent().bundle, output, options), Error);
  options.libraries = libraries;
  EXPECT_THROW(compileBundle(workFolder() / "no-bundle", output, options), Error);
  fs::path other = workFolder() / "short-weights";
  fs::copy(tinyStudent().bundle, other);
  fs::copy_file(tinyTeacher().bundle / "model.safetensors", other / "model.safetensors",
                fs::copy_options::overwrite_existing);
  EXPECT_THROW(compileBundle(other, output, options), Error);
  recordBundle(other); // as if it had been written so
  EXPECT_THROW(compileBundle(other, output, options), Error);
  EXPECT_FALSE(fs::exists(output));
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static long anonymousKilobytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:"))
      return std::stol(line.substr(8));
  return -1;
}

/// Runs the command with its output in a pipe of one page, so that it is never far ahead; looks at its memory after the
/// first kilobyte and at every later one.
static std::vector<long> watchMemory(const std::vector<std::string> &command) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 4096);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<char *> words;
    for (const std::string &word : command)
      words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  close(ends[1]);
  std::vector<long> sizes;
  char buffer[1024];
  size_t bytes = 0;
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) {
    bytes += static_cast<size_t>(count);
    if (bytes >= sizeof buffer && bytes >= sizes.size() * sizeof buffer)
      sizes.push_back(anonymousKilobytes(child));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return sizes;
}

// State and scratch are taken once: ten thousand tokens need what a hundred need.
TEST(ExecutableTest, MemoryDoesNotGrow) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer keeps freed memory";
#endif
  fs::path endless = workFolder() / "endless"; // a text never ends without an eos token
  fs::copy(tinyStudent().bundle, endless);
  for (const char *name : {"config.json", "generation_config.json"}) {
    Json config = readJsonFile(endless / name);
    config.erase("eos_token_id");
    writeTextFile(endless / name, config.dump());
  }
  recordBundle(endless);
  std::string executable = compile(endless, "endless-chat");
  std::vector<long> sizes = watchMemory(
      {executable, "-p", "The river", "-n", "10000", "--temp", "1", "--top-k", "0", "--top-p", "1", "-s", "1"});
  ASSERT_GT(sizes.size(), 5u); // a kilobyte is some 1,400 tokens: ends of text write nothing
  EXPECT_GT(sizes.front(), 0);
  EXPECT_LE(sizes.back() - sizes.front(), 64) << sizes.front() << " to " << sizes.back() << " KiB";
}
