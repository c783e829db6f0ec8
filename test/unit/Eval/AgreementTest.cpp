//===- AgreementTest.cpp - KL and top-1 agreement by hand -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Agreement.h"

#include <ATen/Functions.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <gtest/gtest.h>

using namespace xlstm;

TEST(Agreement, ByHand) {
  at::Tensor teacher = at::tensor({0.5f, 0.25f, 0.25f, 0.1f, 0.1f, 0.8f}).view({2, 3}).log();
  at::Tensor student = at::tensor({0.25f, 0.5f, 0.25f, 0.1f, 0.1f, 0.8f}).view({2, 3}).log();
  Json found = agreement(teacher, student);
  // First token: 0.5 ln 2 - 0.25 ln 2; second: 0. Two values x and 0: mean x / 2, standard error x / 2.
  double x = 0.25 * std::log(2.0);
  EXPECT_NEAR(found["kl"].get<double>(), x / 2, 1e-7);
  EXPECT_NEAR(found["kl_standard_error"].get<double>(), x / 2, 1e-7);
  EXPECT_EQ(found["top1"], 0.5);
  EXPECT_NEAR(found["top1_standard_error"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(found["tokens"], 2);
}

TEST(Agreement, AnswersOfALargeVocabularyStayWithinAGibibyte) {
  EXPECT_EQ(agreementTokens(2048, 2048, 4), 2048);
  EXPECT_EQ(agreementTokens(2048, 1 << 17, 2), 1024);
  EXPECT_EQ(agreementTokens(2048, 1 << 30, 2), 1);
}
