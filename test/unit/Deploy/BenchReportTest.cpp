//===- BenchReportTest.cpp - what the verb bench prints ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A main of its own: the library under test has one, of an executable with a model.

#include "runtime/Deploy/BenchReport.h"
#include "xlstm/Runtime/Files/Json.h"

#include <gtest/gtest.h>

using namespace xlstm;

/// Four texts at once: a prompt of 100 tokens in 0.5 and 0.3 s, and 10 tokens in 0.02 s.
static BenchReport makeReport(std::string backend) {
  BenchReport report;
  report.model.name = "student", report.model.kind = "student";
  report.numbers.batch = 4, report.numbers.weightBytes = 3 << 20, report.numbers.stateBytes = (1 << 19) + 100 * 24;
  report.numbers.cacheTokens = 100, report.numbers.tokenBytes = 24;
  report.numbers.decodeBytes = 1'000'000'000, report.numbers.prefillFlops = 2'000'000'000;
  report.backend = backend;
  report.threads = backend == "CPU" ? 3 : 0;
  report.results = {{{100, 0, 0}, {0.5, 0.3}}, {{0, 10, 64}, {0.02}}};
  return report;
}

TEST(BenchReport, DeviceHasStepsAndShares) {
  BenchReport report = makeReport("CUDA (H100)");
  report.limits = DeviceLimits{2e12, 8e12};
  EXPECT_EQ(
      formatTable(report),
      "CUDA (H100): copies 2.00 TB/s, multiplies bf16 at 8 TFLOP/s\n\n"
      "| model | size MiB | state MiB | B a token | backend | batch | test | tokens/s | ms a step | share |\n"
      "| ----- | -------: | --------: | --------: | ------- | ----: | ---: | -------: | --------: | ----: |\n"
      "| student | 3.00 | 0.50 | 24 | CUDA (H100) | 4 | pp100 | 1066.67 ± 377.12 | 400.000 | 25.0 % of matmul |\n"
      "| student | 3.00 | 0.50 | 24 | CUDA (H100) | 4 | tg10 @ d64 | 2000.00 ± 0.00 | 2.000 | 25.0 % of copy |\n");
  Json list = parseJson(formatJson(report), "bench");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["batch"], 4);
  EXPECT_NEAR(list[0]["product_share"], 0.25, 1e-12);
  EXPECT_FALSE(list[0].contains("copy_share"));
  EXPECT_NEAR(list[1]["copy_share"], 0.25 * (1 + 24 * 69 / 1e9), 1e-12); // with the keys of 64 to 74 tokens
  EXPECT_EQ(list[1]["state_fixed"], 1 << 19);
  EXPECT_EQ(list[1]["state_a_token"], 24);
  EXPECT_NEAR(list[1]["step_ms"], 2, 1e-12);
  EXPECT_NEAR(list[1]["avg_ts"], 2000, 1e-9);
  EXPECT_EQ(list[1]["n_depth"], 64);
}

TEST(BenchReport, SharesNeedLimitsAndNumbers) {
  BenchReport report = makeReport("CUDA (H100)");
  EXPECT_NE(formatTable(report).find("| 2.000 | - |"), std::string::npos);
  report.limits = DeviceLimits{2e12, 8e12};
  report.numbers.decodeBytes = report.numbers.prefillFlops = 0;
  EXPECT_EQ(formatJson(report).find("share"), std::string::npos);
}

TEST(BenchReport, CpuTableIsLlamaBenchs) {
  BenchReport report = makeReport("CPU");
  report.numbers.batch = 1;
  EXPECT_EQ(formatTable(report), "| model | size MiB | state MiB | B a token | backend | threads | test | tokens/s |\n"
                                 "| ----- | -------: | --------: | --------: | ------- | ------: | ---: | -------: |\n"
                                 "| student | 3.00 | 0.50 | 24 | CPU | 3 | pp100 | 266.67 ± 94.28 |\n"
                                 "| student | 3.00 | 0.50 | 24 | CPU | 3 | tg10 @ d64 | 500.00 ± 0.00 |\n");
}

// Four texts that are written together bring four tokens a step.
TEST(BenchReport, TextsTogether) {
  BenchReport report = makeReport("CPU");
  report.numbers.batch = 1;
  report.results = {{{0, 10, 64, false, 4}, {0.02}}};
  EXPECT_NE(formatTable(report).find("| tg10 x 4 @ d64 | 2000.00 ± 0.00 |"), std::string::npos) << formatTable(report);
  EXPECT_EQ(parseJson(formatJson(report), "bench")[0]["n_parallel"], 4);
}

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
