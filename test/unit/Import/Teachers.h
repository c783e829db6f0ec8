//===- Teachers.h - the teachers of test/Inputs/hf ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_IMPORT_TEACHERS_H
#define TEST_UNIT_IMPORT_TEACHERS_H

#include "test/unit/TemporaryFolder.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

using test::TemporaryFolder;

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

#endif // TEST_UNIT_IMPORT_TEACHERS_H
