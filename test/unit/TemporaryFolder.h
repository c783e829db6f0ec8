//===- TemporaryFolder.h - a folder that lives as long as its owner -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_TEMPORARYFOLDER_H
#define XLSTM_TEST_UNIT_TEMPORARYFOLDER_H

#include "gtest/gtest.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace xlstm::test {

/// A folder of the test's own, empty, removed at its end.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = testing::TempDir() + "xlstm-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::filesystem::path path;
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_TEMPORARYFOLDER_H
