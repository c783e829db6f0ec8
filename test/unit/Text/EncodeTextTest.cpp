//===- EncodeTextTest.cpp - what stands before and behind a text ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/EncodeText.h"
#include "test/unit/Files/TestFolder.h"
#include "test/unit/Text/SmallTokenizer.h"

using namespace xlstm;
using test::make, test::smallTokenizer;
using Ids = std::vector<int32_t>;

/// <bos> is 259; "x" stands for the text.
static Tokenizer around(const std::string &single) {
  Json spec = smallTokenizer();
  spec["added_tokens"].push_back({{"id", 259}, {"content", "<bos>"}, {"special", true}, {"normalized", false}});
  Json pieces = Json::array(), known = Json::object();
  for (char piece : single) {
    std::string content = piece == '<' ? "<bos>" : "<eos>";
    if (piece == 'x') {
      pieces.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
      continue;
    }
    pieces.push_back({{"SpecialToken", {{"id", content}, {"type_id", 0}}}});
    known[content] = {{"id", content}, {"ids", Json::array({piece == '<' ? 259 : 258})}};
  }
  spec["post_processor"] = {{"type", "TemplateProcessing"}, {"single", pieces}, {"special_tokens", known}};
  return make(spec);
}

TEST(EncodeTextTest, PutsAroundATextWhatThePostProcessorSays) {
  EXPECT_EQ(encodeText(make(smallTokenizer()), "ab"), Ids{256});
  EXPECT_EQ(encodeText(make(smallTokenizer()), ""), Ids{});
  EXPECT_EQ(encodeText(around("<x"), "ab"), (Ids{259, 256}));
  EXPECT_EQ(encodeText(around("<x>"), "ab"), (Ids{259, 256, 258}));
  EXPECT_EQ(encodeText(around("x>"), ""), Ids{258});
  EXPECT_EQ(encodeText(around("<x"), ""), Ids{259});
}

TEST(EncodeTextTest, PutsNothingTwice) {
  EXPECT_EQ(encodeText(around("<x>"), "<bos>ab<eos>"), (Ids{259, 256, 258}));
  EXPECT_EQ(encodeText(around("<x>"), "<bos>ab"), (Ids{259, 256, 258}));
  EXPECT_EQ(encodeText(around("<x>"), "ab<eos>"), (Ids{259, 256, 258}));
  EXPECT_EQ(encodeText(around("<x>"), "<bos>"), (Ids{259, 258}));
  EXPECT_EQ(encodeText(around("<x"), "a<bos>"), (Ids{259, 'a', 259}));
  EXPECT_EQ(encodeText(around("<<x"), "<bos>a"), (Ids{259, 259, 259, 'a'})); // one is not both
  EXPECT_EQ(encodeText(around("<<x"), "<bos><bos>a"), (Ids{259, 259, 'a'}));
}

TEST(EncodeTextTest, NamesATokenThatTheModelDoesNotHave) {
  Tokenizer tokenizer = make(smallTokenizer());
  Ids ids = {256, 258};
  checkTokens(ids, 259, tokenizer, "here");
  EXPECT_ERROR(checkTokens(ids, 258, tokenizer, "here"),
               "here: the tokenizer gave token 258 ('<eos>'), the model has 258");
}
