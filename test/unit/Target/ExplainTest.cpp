//===- ExplainTest.cpp - what a model's calls take, by given rates ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include "xlstm/Target/Link.h"

#include <gtest/gtest.h>

#include <sstream>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// The numbers of a table's rows by their names; of the table that follows `title`.
std::map<std::string, std::vector<double>> rowsOf(const std::string &text, const std::string &title) {
  std::map<std::string, std::vector<double>> rows;
  std::istringstream lines(text.substr(text.find(title)));
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("|---")) {
  }
  while (std::getline(lines, line) && line.starts_with("| ")) {
    std::istringstream cells(line.substr(2));
    std::string name, cell;
    std::getline(cells, name, '|');
    while (std::getline(cells, cell, '|'))
      rows[name.substr(0, name.size() - 1)].push_back(std::stod(cell));
  }
  return rows;
}

Explanation explain(const std::optional<CpuRates> &rates) {
  CompileOptions options;
  options.libraries = libraries;
  return explainBundle(tinyStudent().bundle, options, rates);
}

} // namespace

TEST(ExplainTest, AKernelTakesAsLongAsItsBytesOrItsOperations) {
  const CpuRates rates{1e9, 20e9};
  Explanation found = explain(rates);
  for (const auto &[name, title] : {std::pair("prefill", "@prefill"), {"decode", "@decode,"}}) {
    const CallCost &cost = found.calls.at(name);
    std::map<std::string, std::vector<double>> rows = rowsOf(found.text, title);
    std::vector<double> all = rows.at("all");
    rows.erase("all");
    double sum = 0;
    for (const auto &[kernel, numbers] : rows) {
      double ms = 1e3 * std::max((numbers.at(1) + numbers.at(2)) / 1e9, numbers.at(3) / 20e9);
      EXPECT_NEAR(numbers.at(4), ms, 1e-3 * ms) << kernel;
      sum += ms;
    }
    EXPECT_NEAR(1e3 * cost.seconds, sum, 1e-9 * sum);
    EXPECT_NEAR(all.at(4), sum, 1e-3 * sum);
    EXPECT_EQ(cost.bytes, all.at(1) + all.at(2));
    EXPECT_EQ(cost.operations, all.at(3));
  }
  // tiny-llama's projections: 4 layers of 128 * (2 * (4 + 2) * 32 + 3 * 352) and a head of 2048 * 128, a token each.
  EXPECT_GT(found.calls.at("decode").operations, 2.0 * (4 * 128 * (384 + 1056) + 2048 * 128));
  EXPECT_EQ(found.calls.at("decode").tokens, 1);
  EXPECT_EQ(found.calls.at("prefill").tokens, CompileOptions().prefillTokens);
  // Decode waits for memory, prefill for arithmetic.
  EXPECT_LT(explain(CpuRates{2e9, 20e9}).calls.at("decode").seconds, 0.6 * found.calls.at("decode").seconds);
  EXPECT_LT(explain(CpuRates{1e9, 40e9}).calls.at("prefill").seconds, 0.6 * found.calls.at("prefill").seconds);
}

TEST(ExplainTest, WithoutRatesThereIsNoTime) {
  Explanation found = explain(std::nullopt);
  EXPECT_EQ(found.text.find("ms |"), std::string::npos);
  EXPECT_EQ(found.calls.at("decode").seconds, 0);
  EXPECT_GT(found.calls.at("decode").bytes, 0);
}
