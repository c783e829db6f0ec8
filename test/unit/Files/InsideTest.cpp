//===- InsideTest.cpp - files of a folder that nobody vouches for ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <sys/stat.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

class InsideTest : public test::TestFolder {
protected:
  InsideTest() {
    put("secret", "secret");
    put("m2/secret", "secret"); // begins as the folder's name does
    put("m/file", "content");
  }
  void link(const fs::path &target, const fs::path &name) {
    fs::create_directories((folder / name).parent_path());
    fs::create_symlink(target, folder / name);
  }
  std::string read(const fs::path &name, const fs::path &home = "m") {
    return std::string(MappedFile::openInside(folder / home, name)->text());
  }
};

} // namespace

TEST_F(InsideTest, ReadsFilesOfTheFolder) {
  put("m/sub/deep", "deep");
  link("file", "m/link");
  link("sub/deep", "m/link-down");
  link("../file", "m/sub/link-up");
  link(folder / "m/file", "m/absolute");
  link("m", "home");
  EXPECT_EQ(read("file"), "content");
  EXPECT_EQ(read("sub/deep"), "deep");
  EXPECT_EQ(read("link"), "content");
  EXPECT_EQ(read("link-down"), "deep");
  EXPECT_EQ(read("sub/link-up"), "content");
  EXPECT_EQ(read("absolute"), "content");
  EXPECT_EQ(read("file", "home"), "content"); // the folder itself is the user's
  EXPECT_EQ(readTextFile(folder / "home/file"), "content");
}

TEST_F(InsideTest, RefusesLinksThatLeave) {
  link("/etc/passwd", "m/passwd");
  link("../secret", "m/up");
  link("../m2/secret", "m/sibling");
  link("passwd", "m/chain");
  link("..", "m/parent");
  link("/dev/null", "m/null");
  link("/proc/self/environ", "m/environ");
  for (const char *name : {"passwd", "up", "sibling", "chain", "parent/secret", "null", "environ", "../secret"})
    EXPECT_ERROR(read(name), "expected a file of its folder, found a link that leaves it");
  EXPECT_ERROR(MappedFile::findInside(folder / "m", "up"), "a link that leaves it");
  EXPECT_ERROR(readTextFile(folder / "m/up"), "m/up: expected a file of its folder");
  EXPECT_ERROR(readJsonFile(folder / "m/up"), "a link that leaves it");
  EXPECT_ERROR(findJsonFile(folder / "m/up"), "a link that leaves it");
  EXPECT_EQ(readGivenFile(folder / "m/up"), "secret"); // what the user names is the user's
}

TEST_F(InsideTest, RefusesWhatIsNoRegularFile) {
  fs::create_directory(folder / "m/folder");
  ASSERT_EQ(::mkfifo((folder / "m/pipe").c_str(), 0600), 0);
  link("nowhere", "m/dangling");
  link("loop", "m/loop");
  EXPECT_ERROR(read("folder"), "expected a regular file, found a folder");
  EXPECT_ERROR(read("pipe"), "expected a regular file, found a special file");
  EXPECT_ERROR(MappedFile::findInside(folder / "m", "dangling"), "a link that leads nowhere");
  EXPECT_ERROR(read("loop"), "cannot open");
  EXPECT_ERROR(read("none"), "cannot open: No such file");
  EXPECT_EQ(MappedFile::findInside(folder / "m", "none"), nullptr);
  EXPECT_EQ(MappedFile::findInside(folder / "none", "none"), nullptr);
  EXPECT_TRUE(findJsonFile(folder / "m/none").is_null());
}

/// models--X/snapshots/REV holds links to ../../blobs/HASH; deeper folders of a snapshot one more "..".
TEST_F(InsideTest, FollowsTheHubCacheToItsBlobsAlone) {
  const fs::path home = "hub/models--x/snapshots/rev";
  put("hub/models--x/blobs/0123", "blob");
  put("hub/models--x/refs/main", "rev");
  put("hub/models--y/blobs/0123", "other");
  link("../../blobs/0123", home / "file");
  link("../../../blobs/0123", home / "onnx/file");
  EXPECT_EQ(read("file", home), "blob");
  EXPECT_EQ(read("onnx/file", home), "blob");
  EXPECT_EQ(read("file", home / "onnx"), "blob");
  EXPECT_EQ(read("../file", home / "onnx"), "blob");

  link("../../refs/main", home / "ref");
  link("../../../models--y/blobs/0123", home / "other");
  link("/etc/passwd", "hub/models--x/blobs/bad");
  link("../../blobs/bad", home / "bad");
  for (const char *name : {"ref", "other", "bad"})
    EXPECT_ERROR(read(name, home), "a link that leaves it");
  // No snapshot of a repository's cache, by its names.
  for (fs::path fake : {"fake/x/snapshots/rev", "fake/models--x/rev"}) {
    put(fake.parent_path() / "blobs/0123", "blob");
    put(fake.parent_path().parent_path() / "blobs/0123", "blob");
    link("../blobs/0123", fake / "one");
    link("../../blobs/0123", fake / "two");
    EXPECT_ERROR(read("one", fake), "a link that leaves it");
    EXPECT_ERROR(read("two", fake), "a link that leaves it");
  }
}
