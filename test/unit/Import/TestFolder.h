//===- TestFolder.h - a folder that lives as long as a test ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_IMPORT_TESTFOLDER_H
#define TEST_UNIT_IMPORT_TESTFOLDER_H

#include "gtest/gtest.h"

#include <algorithm>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <vector>

namespace xlstm {

class TestFolder {
public:
  TestFolder() {
    std::string name = testing::TempDir() + "xlstm-import-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path); }

  std::filesystem::path path;
};

/// The teachers of test/Inputs/hf.
inline std::vector<std::string> teacherNames() {
  std::vector<std::string> names;
  for (const auto &entry : std::filesystem::directory_iterator(XLSTM_TEST_INPUTS "/hf"))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string testName(const testing::TestParamInfo<std::string> &info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

} // namespace xlstm

#endif // TEST_UNIT_IMPORT_TESTFOLDER_H
