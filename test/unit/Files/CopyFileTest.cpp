//===- CopyFileTest.cpp - copies keep content and holes -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/CopyFile.h"
#include "test/unit/Files/TestFolder.h"

#include <sys/stat.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

class CopyFileTest : public test::TestFolder {
protected:
  /// Bytes that a file takes on the disk.
  static uint64_t diskSize(const fs::path &path) {
    struct stat status = {};
    ::stat(path.c_str(), &status);
    return uint64_t(status.st_blocks) * 512;
  }
};

} // namespace

TEST_F(CopyFileTest, CopiesContent) {
  for (size_t size : {0, 1, 4095, 4096, 100000}) {
    std::string content(size, '\0');
    for (size_t n = 0; n < size; ++n)
      content[n] = char(n * 7 + n / 251);
    fs::path from = put("from", content), to = folder / ("to" + std::to_string(size));
    copyFile(from, to);
    EXPECT_EQ(get(to), content);
  }
}

TEST_F(CopyFileTest, HolesStayHoles) {
  fs::path from = put("from", "head"), to = folder / "to";
  constexpr uint64_t size = uint64_t{3} << 40; // 3 TB, more than the disk has
  fs::resize_file(from, size);
  uint64_t taken = diskSize(from);
  copyFile(from, to);
  EXPECT_EQ(fs::file_size(to), size);
  EXPECT_LE(diskSize(to), taken + 65536);
  std::ifstream in(to, std::ios::binary);
  std::string head(6, 'x');
  in.read(head.data(), 6);
  EXPECT_EQ(head, std::string("head\0\0", 6));
}

TEST_F(CopyFileTest, RefusesWhatIsThereAndWhatIsNoFile) {
  fs::path from = put("from", "new"), there = put("there", "old");
  EXPECT_ERROR(copyFile(from, there), there.string() + ": cannot create: File exists");
  EXPECT_EQ(get(there), "old");
  EXPECT_ERROR(copyFile(folder, folder / "to"), "expected a regular file");
  EXPECT_ERROR(copyFile(folder / "none", folder / "to"), "none: cannot open: No such file");
  EXPECT_FALSE(fs::exists(folder / "to"));
}

TEST_F(CopyFileTest, LinksFollowLinks) {
  fs::path from = put("from", "content");
  fs::create_symlink("from", folder / "symbolic");
  EXPECT_TRUE(linkFile(folder / "symbolic", folder / "to"));
  EXPECT_FALSE(fs::is_symlink(folder / "to"));
  EXPECT_TRUE(fs::equivalent(from, folder / "to"));
  EXPECT_FALSE(linkFile(from, "/proc/self/to"));
}
