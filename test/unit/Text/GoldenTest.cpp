//===- GoldenTest.cpp - ids and text equal to PyPI tokenizers -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is expected was written by the package (test/Inputs/text/make_golden.py).

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "gtest/gtest.h"

using namespace xlstm;
using Ids = std::vector<int32_t>;

static const std::string inputs = XLSTM_TEST_INPUTS;

static void checkRows(const Tokenizer &tokenizer, const Json &rows) {
  ASSERT_FALSE(rows.empty());
  for (const Json &row : rows) {
    SCOPED_TRACE(row["text"].dump());
    Ids plain = tokenizer.encode(row["text"].get<std::string>(), false);
    Ids special = tokenizer.encode(row["text"].get<std::string>(), true);
    EXPECT_EQ(plain, row["ids"].get<Ids>());
    EXPECT_EQ(special, row["ids_special"].get<Ids>());
    EXPECT_EQ(tokenizer.decode(plain, false), row["decode"].get<std::string>());
    EXPECT_EQ(tokenizer.decode(special, true), row["decode_skip"].get<std::string>());
    auto tokens = row.find("tokens");
    for (size_t n = 0; tokens != row.end() && n < tokens->size(); ++n)
      EXPECT_EQ(tokenizer.idOf((*tokens)[n].get<std::string>()), plain.at(n));
  }
}

class StyleTest : public testing::TestWithParam<std::string> {};

TEST_P(StyleTest, EqualsThePackage) {
  std::string folder = inputs + "/text/" + GetParam();
  checkRows(Tokenizer::load(folder + "/tokenizer.json"), readJsonFile(folder + "/golden.json"));
}

INSTANTIATE_TEST_SUITE_P(All, StyleTest, testing::Values("llama3", "qwen2", "gpt2", "smollm"));

TEST(GoldenTest, TeachersEqualThePackage) {
  for (const Json &entry : readJsonFile(inputs + "/text/teachers.json")) {
    std::string name = entry["teacher"];
    SCOPED_TRACE(name);
    std::string folder = name == "tiny-llama" ? XLSTM_EXAMPLES "/" + name : inputs + "/hf/" + name;
    checkRows(Tokenizer::load(folder + "/tokenizer.json"), entry["rows"]);
  }
}

TEST(GoldenTest, EveryComponentEqualsThePackage) {
  Json items = readJsonFile(inputs + "/text/components.json");
  for (size_t n = 1; n < items.size(); ++n) {
    std::string name = items[n]["case"];
    SCOPED_TRACE(name);
    Json spec = items[0]["base"];
    for (const auto &[key, part] : items[n]["patch"].items())
      spec[key] = part;
    checkRows(Tokenizer::parse(spec.dump(), name), items[n]["rows"]);
  }
}
