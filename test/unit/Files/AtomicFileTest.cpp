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
  put(".f.12345-0.tmp", "of an earlier version");
  put(".f.notes.tmp", "of somebody else");
  put(".f.g.0123456789abcdef.tmp", "of another output");
  writeTextFile(folder / "f", "whole");
  EXPECT_EQ(names(), (Names{"f", ".f.notes.tmp", ".f.g.0123456789abcdef.tmp"}));
}

/// Process numbers say nothing in another container: what counts is the lock.
TEST_F(AtomicFileTest, LeavesWhatAProcessWorksOn) {
  int ready[2], go[2];
  ASSERT_EQ(::pipe(ready) + ::pipe(go), 0);
  char byte = 0;
  pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(folder / "f");
    AtomicDirectory directory(folder / "d");
    std::ofstream(directory.path() / "a") << "1";
    ScratchFolder scratch(folder / "f");
    bool fine = ::write(ready[1], &byte, 1) == 1 && ::read(go[0], &byte, 1) == 1;
    file.write("late");
    file.commit();
    directory.commit();
    ::_exit(fine && std::filesystem::exists(scratch.path()) ? 0 : 1); // leaves the scratch folder
  }
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  writeTextFile(folder / "f", "early");
  { AtomicDirectory other(folder / "d"); }
  removeStaleBelow(folder);
  EXPECT_EQ(names().size(), 4u); // f, and three at work
  ASSERT_EQ(::write(go[1], &byte, 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(get(folder / "f"), "late");
  EXPECT_EQ(get(folder / "d" / "a"), "1");
  EXPECT_EQ(names().size(), 3u);
  removeStaleBelow(folder);
  EXPECT_EQ(names(), (Names{"f", "d"}));
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
