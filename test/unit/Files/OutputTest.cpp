//===- OutputTest.cpp - may a command write where it was told to? ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Output.h"
#include "test/unit/Files/TestFolder.h"

using namespace xlstm;
using OutputTest = test::TestFolder;

TEST_F(OutputTest, MustBeOfItsKindInAFolderThatIsThere) {
  put("d/f", "1");
  checkOutput(folder / "new", OutputKind::File);
  checkOutput(folder / "d/f", OutputKind::File);
  checkOutput(folder / "d/", OutputKind::Folder);
  checkOutput(folder / "a/b/c", OutputKind::KeptFolder);
  std::string f = (folder / "d/f").string();
  EXPECT_ERROR(checkOutput("", OutputKind::Folder), "expected a path to write to, found an empty one");
  EXPECT_ERROR(checkOutput(folder / "d", OutputKind::File), "d: cannot write: it exists and is not a regular file");
  EXPECT_ERROR(checkOutput("/dev/full", OutputKind::File), "/dev/full: cannot write: it exists and is not a regular");
  EXPECT_ERROR(checkOutput(f, OutputKind::Folder), f + ": cannot write: it exists and is not a folder");
  EXPECT_ERROR(checkOutput(f, OutputKind::KeptFolder), f + ": cannot write: it exists and is not a folder");
  EXPECT_ERROR(checkOutput(f + "/x", OutputKind::KeptFolder), f + " is no folder");
  EXPECT_ERROR(checkOutput(folder / "a/b", OutputKind::Folder), (folder / "a").string() + " is no folder");
}

TEST_F(OutputTest, IsNotTheProgramThatRuns) {
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  std::filesystem::create_symlink(self, folder / "link");
  EXPECT_ERROR(checkOutput(self, OutputKind::File), "the output would replace this program, " + self.string());
  EXPECT_ERROR(checkOutput(folder / "link", OutputKind::File), "the output would replace this program");
  EXPECT_ERROR(checkOutput(self.parent_path(), OutputKind::Folder), "the output would replace this program");
  checkOutput(self.parent_path(), OutputKind::KeptFolder); // what is there stays
}

TEST_F(OutputTest, IsApartFromTheInputs) {
  put("in/model", "1");
  std::filesystem::create_symlink(folder / "in", folder / "link");
  auto check = [&](const std::string &output, const std::string &input) {
    checkOutput(folder / output, OutputKind::KeptFolder, {folder / "elsewhere", folder / input});
  };
  check("in/other", "in/model");
  check("in2", "in");
  EXPECT_ERROR(check("in", "in"), "in: the output would replace the input " + (folder / "in").string());
  EXPECT_ERROR(check("in/../in/", "in"), "the output would replace the input");
  EXPECT_ERROR(check("link", "in"), "the output would replace the input");
  EXPECT_ERROR(check("in", "in/model"), "the output would replace the input");
  EXPECT_ERROR(check("in/new", "in"), "new: the output lies in the input " + (folder / "in").string());
  EXPECT_ERROR(check("link/new/deep", "in"), "the output lies in the input");
}
