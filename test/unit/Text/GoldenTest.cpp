//===- GoldenTest.cpp - ids and text equal to PyPI tokenizers -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is expected was written by the package (test/Inputs/text/make_golden.py).

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "gtest/gtest.h"

#include <algorithm>

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

/// SentencePiece's kinds (test/Inputs/text/make_sentencepiece.py), with what ids out of any order decode to.
class SentencePieceTest : public testing::TestWithParam<std::string> {};

TEST_P(SentencePieceTest, EqualsThePackage) {
  Json golden = readJsonFile(inputs + "/text/sentencepiece/" + GetParam() + ".json");
  Tokenizer tokenizer = Tokenizer::parse(golden["tokenizer"].dump(), GetParam());
  checkRows(tokenizer, golden["rows"]);
  for (const Json &row : golden["streams"]) {
    Ids ids = row["ids"].get<Ids>();
    SCOPED_TRACE(row["ids"].dump());
    EXPECT_EQ(tokenizer.decode(ids, false), row["decode"].get<std::string>());
  }
}

INSTANTIATE_TEST_SUITE_P(All, SentencePieceTest,
                         testing::Values("llama2", "llama2-normalized", "llama2-new", "metaspace-first",
                                         "metaspace-always", "metaspace-never", "gemma", "bpe-unk", "bpe-unk-fused",
                                         "bpe-no-unk", "unigram", "unigram-bytes", "unigram-first", "xlmr-like",
                                         "lower", "nfkd", "delimiter", "t5"),
                         [](const auto &info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

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
