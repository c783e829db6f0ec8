//===- TestFolder.h - a folder that lives as long as a test ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_FILES_TESTFOLDER_H
#define XLSTM_TEST_UNIT_FILES_TESTFOLDER_H

#include "test/unit/TemporaryFolder.h"
#include "xlstm/Support/Error.h"

#include <fstream>
#include <set>
#include <string>

namespace xlstm::test {

class TestFolder : public testing::Test {
protected:
  /// Writes without the code under test.
  std::filesystem::path put(const std::string &name, std::string_view content) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << content;
    return folder / name;
  }
  static std::string get(const std::filesystem::path &path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// The names in the folder, hidden ones too.
  std::set<std::string> names() const {
    std::set<std::string> out;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      out.insert(entry.path().filename().string());
    return out;
  }

private:
  TemporaryFolder owned;

protected:
  std::filesystem::path folder = owned.path;
};

/// The text of the Error that `work` throws; empty when it throws none.
template <typename Work>
std::string errorOf(const Work &work) {
  try {
    work();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

} // namespace xlstm::test

/// Expects an Error of one line that holds `part`.
#define EXPECT_ERROR(work, part)                                                                                       \
  do {                                                                                                                 \
    std::string caughtText = xlstm::test::errorOf([&] { (void)(work); });                                              \
    EXPECT_NE(caughtText.find(part), std::string::npos) << "message: " << caughtText;                                  \
    EXPECT_EQ(caughtText.find('\n'), std::string::npos) << "message: " << caughtText;                                  \
  } while (false)

#endif // XLSTM_TEST_UNIT_FILES_TESTFOLDER_H
