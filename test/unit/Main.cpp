//===- Main.cpp - main of the unit tests: they run in the checkout's root -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include <cstdio>
#include <gtest/gtest.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (chdir(XLSTM_CHECKOUT) != 0) {
    std::perror(XLSTM_CHECKOUT);
    return 1;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
