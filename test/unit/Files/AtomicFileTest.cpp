//===- AtomicFileTest.cpp - outputs that appear whole or not at all -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "test/unit/Files/TestFolder.h"

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using AtomicFileTest = test::TestFolder;
using AtomicDirectoryTest = test::TestFolder;
using Names = std::set<std::string>;

TEST_F(AtomicFileTest, ReplacesTheOldFileAtCommitOnly) {
  auto path = put("f", "old");
  AtomicFile file(path);
  file.write("new ");
  file.write("text");
  EXPECT_EQ(get(path), "old");
  file.commit();
  EXPECT_EQ(get(path), "new text");
  EXPECT_EQ(names(), Names{"f"});
}

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  { AtomicFile(folder / "f").write("new"); }
  EXPECT_EQ(names(), Names{});
}

TEST_F(AtomicFileTest, TwoWritersOfOneFileDoNotMix) {
  AtomicFile one(folder / "f"), two(folder / "f");
  one.write("one");
  two.write("two");
  one.commit();
  EXPECT_EQ(get(folder / "f"), "one");
  two.commit();
  EXPECT_EQ(get(folder / "f"), "two");
}

TEST_F(AtomicFileTest, SetsTheBitsOfAnExecutable) {
  mode_t before = ::umask(022);
  AtomicFile file(folder / "run");
  file.makeExecutable();
  file.commit();
  writeTextFile(folder / "text", "x");
  ::umask(before);
  struct stat status;
  ASSERT_EQ(::stat((folder / "run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
  ASSERT_EQ(::stat((folder / "text").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST_F(AtomicFileTest, SaysWhereItCannotWrite) {
  EXPECT_ERROR(AtomicFile(folder / "none" / "f"), (folder / "none" / "f").string() + ": cannot create: No such file");
  EXPECT_ERROR(AtomicFile(""), "expected a path to write to, found an empty one");
  std::filesystem::create_directory(folder / "d");
  EXPECT_ERROR(AtomicFile(folder / "d"), "exists and is not a regular file");
  EXPECT_ERROR(AtomicFile("/dev/null"), "/dev/null: cannot write: it exists and is not a regular file");
}

/// The largest file allowed stands in for a full disk: write() fails half way in the same manner.
TEST_F(AtomicFileTest, AFailedWriteLeavesTheOldFile) {
  auto path = put("f", "old");
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before, small;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  small = {1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message = test::errorOf([&] { writeTextFile(path, std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(message, path.string() + ": cannot write: File too large");
  EXPECT_EQ(get(path), "old");
  EXPECT_EQ(names(), Names{"f"});
}

TEST_F(AtomicFileTest, RemovesWhatAKilledProcessLeft) {
  pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "f");
    file.write("half");
    ::_exit(0); // no destructor runs
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_EQ(names().size(), 1u);
  std::string running = "." + std::string("f.") + std::to_string(::getpid()) + "-999.tmp";
  put(running, "of a writer at work");
  put(".f.notes.tmp", "of somebody else");
  writeTextFile(folder / "f", "whole");
  EXPECT_EQ(names(), (Names{"f", running, ".f.notes.tmp"}));
}

TEST_F(AtomicDirectoryTest, AppearsAtCommit) {
  AtomicDirectory built(folder / "d/");
  std::ofstream(built.path() / "a") << "1";
  EXPECT_FALSE(std::filesystem::exists(folder / "d"));
  built.commit();
  EXPECT_EQ(get(folder / "d" / "a"), "1");
  EXPECT_EQ(names(), Names{"d"});
}

TEST_F(AtomicDirectoryTest, ReplacesAFolderWhole) {
  put("d/old", "1");
  AtomicDirectory built(folder / "d");
  std::filesystem::create_directory(built.path() / "sub");
  std::ofstream(built.path() / "sub" / "new") << "2";
  EXPECT_EQ(get(folder / "d" / "old"), "1");
  built.commit();
  EXPECT_FALSE(std::filesystem::exists(folder / "d" / "old"));
  EXPECT_EQ(get(folder / "d" / "sub" / "new"), "2");
  EXPECT_EQ(names(), Names{"d"});
}

TEST_F(AtomicDirectoryTest, LeavesTheOldFolderWithoutCommit) {
  put("d/old", "1");
  {
    AtomicDirectory built(folder / "d");
    std::ofstream(built.path() / "new") << "2";
  }
  EXPECT_EQ(get(folder / "d" / "old"), "1");
  EXPECT_EQ(names(), Names{"d"});
}

TEST_F(AtomicDirectoryTest, DoesNotReplaceAFile) {
  put("f", "1");
  EXPECT_ERROR(AtomicDirectory(folder / "f"), "exists and is not a folder");
  EXPECT_ERROR(AtomicDirectory(folder / "none" / "d"), "cannot create: No such file");
}
