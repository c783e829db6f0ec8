//===- MappedFileTest.cpp - mapping and reading of files ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/MappedFile.h"
#include "test/unit/Files/TestFolder.h"

#include <sys/stat.h>

using namespace xlstm;
using MappedFileTest = test::TestFolder;

TEST_F(MappedFileTest, HoldsTheBytesUntilTheLastOwnerGoes) {
  auto path = put("f", std::string("a\0b", 3));
  auto file = MappedFile::open(path);
  auto second = file;
  std::filesystem::remove(path);
  file.reset();
  EXPECT_EQ(second->text(), std::string_view("a\0b", 3));
  EXPECT_EQ(second->bytes().size(), 3u);
  EXPECT_EQ(second->path(), path);
}

TEST_F(MappedFileTest, MapsAnEmptyFile) {
  EXPECT_TRUE(MappedFile::open(put("f", ""))->bytes().empty());
  EXPECT_EQ(readTextFile(folder / "f"), "");
}

TEST_F(MappedFileTest, RefusesWhatIsNoRegularFile) {
  EXPECT_ERROR(MappedFile::open(folder / "none"), (folder / "none").string() + ": cannot open: No such file");
  EXPECT_ERROR(MappedFile::open(folder), "expected a regular file, found a folder");
  ASSERT_EQ(::mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_ERROR(MappedFile::open(folder / "fifo"), "found a special file");
}

TEST_F(MappedFileTest, ReadTextFileKeepsToItsLimit) {
  auto path = put("f", "four");
  EXPECT_EQ(readTextFile(path, 4), "four");
  EXPECT_ERROR(readTextFile(path, 3), path.string() + ": expected at most 3 bytes, found 4");
}
