//===- OnCuda.h - tests of tensors on a GPU, skipped where there is none ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_ONCUDA_H
#define XLSTM_TEST_UNIT_ONCUDA_H

#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Support/Error.h"

#include <gtest/gtest.h>

namespace xlstm::test {

/// A fixture over gtest's `Base` whose tests say, in one line, why there is no GPU.
template <typename Base>
class OnCuda : public Base {
protected:
  void SetUp() override {
    try {
      device = openDevice("cuda");
    } catch (const Error &error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos); // as all errors
      GTEST_SKIP() << error.what();
    }
  }
  c10::Device device = at::kCPU;
};

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_ONCUDA_H
