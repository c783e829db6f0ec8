//===- SentencePieceTest.cpp - the same ids as SentencePiece gives --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is expected was written by PyPI sentencepiece (test/Inputs/text/make_models.py).

#include "lib/Import/Gguf/Tokenizer.h"
#include "lib/Import/SentencePiece/Pieces.h"
#include "test/unit/Files/GgufBuilder.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

using namespace xlstm;
using Ids = std::vector<int32_t>;

static const std::string models = XLSTM_TEST_INPUTS "/text/models/";

class SentencePieceTest : public testing::TestWithParam<std::string> {
protected:
  Json golden = readJsonFile(models + "golden.json")[GetParam()];

  void check(const Tokenizer &tokenizer) {
    for (const Json &row : golden["rows"]) {
      SCOPED_TRACE(row["text"].dump());
      Ids ids = tokenizer.encode(row["text"].get<std::string>(), false);
      EXPECT_EQ(ids, row["ids"].get<Ids>());
      if (GetParam() == "bpe") // SentencePiece shows unknown characters as " ⁇ "
        EXPECT_EQ(tokenizer.decode(ids, false), row["decode"].get<std::string>());
    }
  }
};

TEST_P(SentencePieceTest, ModelFile) {
  sentencepiece::Pieces pieces = sentencepiece::readModelFile(models + GetParam() + ".model");
  ASSERT_EQ(pieces.list.size(), golden["pieces"].size());
  check(Tokenizer::parse(sentencepiece::writeTokenizerJson(pieces, "t"), "t"));
  pieces.addBos = true;
  Tokenizer tokenizer = Tokenizer::parse(sentencepiece::writeTokenizerJson(pieces, "t"), "t");
  EXPECT_EQ(tokenizer.encode("", true), Ids{1});
}

TEST_P(SentencePieceTest, Gguf) {
  using G = test::GgufBuilder;
  G builder;
  builder.setText("tokenizer.ggml.model", GetParam() == "bpe" ? "llama" : "t5");
  builder.setStrings("tokenizer.ggml.tokens", golden["pieces"].get<std::vector<std::string>>());
  builder.setList("tokenizer.ggml.scores", G::F32, golden["scores"].get<std::vector<float>>());
  builder.setList("tokenizer.ggml.token_type", G::I32, golden["types"].get<std::vector<int32_t>>());
  builder.setBool("tokenizer.ggml.remove_extra_whitespaces", GetParam() == "unigram");
  builder.setU32("tokenizer.ggml.bos_token_id", 1);
  builder.setU32("tokenizer.ggml.eos_token_id", 2);
  std::string bytes = builder.bytes();
  GgufFile file = GgufFile::parse(std::as_bytes(std::span(bytes)), "t.gguf");
  std::optional<gguf::TokenizerFiles> files = gguf::readTokenizer(file, int64_t(golden["pieces"].size()));
  ASSERT_TRUE(files);
  Tokenizer tokenizer = Tokenizer::parse(files->tokenizer, "t");
  check(tokenizer);
  // What llama.cpp does where the file does not say.
  Ids whole = tokenizer.encode("the", true), inner = tokenizer.encode("the", false);
  inner.insert(GetParam() == "bpe" ? inner.begin() : inner.end(), GetParam() == "bpe" ? 1 : 2);
  EXPECT_EQ(whole, inner);
}

INSTANTIATE_TEST_SUITE_P(All, SentencePieceTest, testing::Values("bpe", "unigram"),
                         [](const auto &info) { return info.param; });

using SentencePieceFileTest = test::TestFolder;

TEST_F(SentencePieceFileTest, SaysWhatIsNone) {
  EXPECT_ERROR(sentencepiece::readModelFile(put("tokenizer.model", "not a model")),
               "expected a model of SentencePiece with 1 to 1048576 pieces");
}
