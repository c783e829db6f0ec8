//===- DistillKitTest.cpp - rows of DistillKit become documents and targets ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Data/DistillKitRows.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"

#include <cmath>

using namespace xlstm;
using DistillKitTest = test::TestFolder;

/// What DistillKit's own code packed and read back (test/Inputs/golden/make_distillkit.py).
TEST_F(DistillKitTest, ReadsWhatDistillKitPacks) {
  Json golden = readJsonFile(std::filesystem::path(XLSTM_TEST_INPUTS) / "golden/distillkit.json");
  ASSERT_EQ(golden.at("cases").size(), 7u);
  for (const Json &example : golden.at("cases")) {
    SCOPED_TRACE(example.at("name").get<std::string>());
    LogprobCode code = LogprobCode::read(put("config.yaml", example.at("config").dump()));
    for (size_t token = 0; token < example.at("coded").size(); ++token) {
      auto coded = example["coded"][token].get<std::vector<uint8_t>>(),
           codedIds = example["coded_ids"][token].get<std::vector<uint8_t>>();
      ASSERT_EQ(code.bytes(), coded.size());
      ASSERT_EQ(code.idBytes(), codedIds.size());
      std::vector<double> logprobs(size_t(code.k()));
      std::vector<int64_t> ids(size_t(code.k()));
      code.decode(coded, logprobs);
      code.decodeIds(codedIds, ids);
      EXPECT_EQ(ids, example["ids"][token].get<std::vector<int64_t>>());
      // Where DistillKit adds up terms in float16, its own sums are off by that.
      double tolerance = example["config"].value("term_dtype", "") == "float16" ? 1e-2 : 2e-5;
      for (size_t n = 0; n < logprobs.size(); ++n)
        EXPECT_NEAR(logprobs[n], example["logprobs"][token][n].get<double>(), tolerance) << n;
    }
  }
}

TEST_F(DistillKitTest, RefusesOtherConfigurations) {
  auto read = [&](const std::string &text) { LogprobCode::read(put("config.yaml", text)); };
  EXPECT_ERROR(read("{d: 8, k: 9, exact_k: 1}"), "config.yaml:1: 'k': expected");
  EXPECT_ERROR(read("{d: 8, k: 4, exact_k: 5}"), "config.yaml:1: 'exact_k': expected");
  EXPECT_ERROR(read("{d: 8, k: 4, exact_k: 4, exact_dtype: int8}"), "'exact_dtype': expected float16, bfloat16");
  EXPECT_ERROR(read("{d: 8, k: 4, exact_k: 3, polynomial_terms: [0, cos]}"), "expected a power such as 2, sqrt or exp");
  EXPECT_ERROR(
      read("{d: 8, k: 4, exact_k: 3, residual_bins: [{scale_dtype: float32, element_bits: 8, num_elements: 2}]}"),
      "'residual_bins': expected at most 1 elements");
  EXPECT_ERROR(read("{vocab_size: 8, k: 4, exact_k: 3, polynomial_degree: 2}"), "'vocab_size': unknown key");
}

namespace {

NumberList integers(std::vector<int64_t> values, uint64_t width = 1) {
  uint64_t items = values.size() / width;
  return {std::move(values), {}, items, width};
}

NumberList reals(std::vector<double> values, uint64_t width) {
  uint64_t items = values.size() / width;
  return {{}, std::move(values), items, width};
}

/// Three tokens' two likeliest of a vocabulary of 10: 0.5 and 0.25, then 0.75 alone, then more than all.
NumberRow row() {
  return {{"input_ids", integers({5, 6, 7, 8})},
          {"token_ids", integers({9, 3, 4, 123456, 1, 0}, 2)},
          {"top_values",
           reals({std::log(0.5), std::log(0.25), std::log(0.75), -INFINITY, std::log(0.9), std::log(0.3)}, 2)}};
}

} // namespace

TEST_F(DistillKitTest, TakesRowsApart) {
  DistillKitRows rows(std::nullopt, 10, 0);
  std::vector<RowDocument> found = rows.documents(row(), "f: row 1");
  EXPECT_EQ(rows.k(), 2);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].ids, (std::vector<int32_t>{5, 6, 7})); // behind the last nothing stands
  EXPECT_TRUE(found[0].learned.empty());
  EXPECT_EQ(found[0].targets.ids, (std::vector<int32_t>{3, 9, 0, 4, 0, 1}));
  std::vector<double> chances = {0.25, 0.5, 1e-30, 0.75, 0.25, 0.75}, tails = {0.25, 0.25, 1e-30};
  for (size_t n = 0; n < chances.size(); ++n)
    EXPECT_NEAR(found[0].targets.logprobs[n], std::log(chances[n]), 1e-5) << n;
  for (size_t n = 0; n < tails.size(); ++n)
    EXPECT_NEAR(found[0].targets.tails[n], std::log(tails[n]), 1e-5) << n;

  NumberRow packed = row(); // two documents and padding
  packed["attention_mask"] = integers({1, 2, 0});
  packed["labels"] = integers({-100, 6, 7});
  found = DistillKitRows(std::nullopt, 10, 1).documents(packed, "f: row 1");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ids, std::vector<int32_t>{5});
  EXPECT_EQ(found[0].learned, std::vector<uint8_t>{0});
  EXPECT_EQ(found[0].targets.ids, std::vector<int32_t>{9});
  EXPECT_NEAR(found[0].targets.tails[0], std::log(0.5), 1e-6);
  EXPECT_EQ(found[1].ids, std::vector<int32_t>{6});
  EXPECT_EQ(found[1].learned, std::vector<uint8_t>{1});
}

TEST_F(DistillKitTest, RefusesOtherRows) {
  auto error = [](const std::function<void(NumberRow &)> &change, int64_t k = 0) {
    NumberRow changed = row();
    change(changed);
    try {
      DistillKitRows(std::nullopt, 10, k).documents(changed, "f: row 1");
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(error([](NumberRow &row) { row.erase("input_ids"); }), "f: row 1: expected 'input_ids', found none");
  EXPECT_NE(error([](NumberRow &row) {
              row["input_ids"] = integers({1, 2});
            }).find("for 3 tokens, found 2"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) {
              row["input_ids"] = integers({1, 10, 2});
            }).find("token 1: expected ids of a vocabulary of 10, found 10"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) { row["token_ids"].integers[0] = 10; }).find("vocabulary of 10, found 10"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) { row["token_ids"].integers[1] = 9; }).find("each id once"), std::string::npos);
  EXPECT_NE(error([](NumberRow &row) { row["top_values"].reals[0] = NAN; }).find("expected log-probabilities, found"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) { row["top_values"].reals[0] = 12; }).find("log-probabilities, found 12"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &) {}, 3).find("expected 3 targets a token of a vocabulary of 10, found 2"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) {
              row.erase("token_ids");
              row["packed_indices"] = integers({1});
            }).find("legacy rows, whose values are logits"),
            std::string::npos);
  EXPECT_NE(error([](NumberRow &row) {
              row.erase("token_ids");
              row["compressed_logprobs"] = row["bytepacked_indices"] = integers({1});
            }).find("expected the compression_config.yaml"),
            std::string::npos);
}
