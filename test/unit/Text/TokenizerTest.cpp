//===- TokenizerTest.cpp - the tokenizer's own promises -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"
#include "test/unit/Text/SmallTokenizer.h"

#include <random>
#include <thread>

using namespace xlstm;
using test::make, test::smallTokenizer;
using Ids = std::vector<int32_t>;

TEST(TokenizerTest, MergesByRankFromTheLeft) {
  Tokenizer tokenizer = make(smallTokenizer());
  EXPECT_EQ(tokenizer.encode("ababab a", false), (Ids{257, 256, ' ', 'a'}));
  EXPECT_EQ(tokenizer.encode("ab<eos>ab", true), (Ids{256, 258, 256}));
  EXPECT_EQ(tokenizer.encode("", true), Ids{});
  EXPECT_EQ(tokenizer.encode("\xC3\xA9", false), (Ids{0xC3, 0xA9}));
}

TEST(TokenizerTest, TellsItsTokens) {
  Tokenizer tokenizer = make(smallTokenizer());
  EXPECT_EQ(tokenizer.vocabSize(), 259);
  EXPECT_EQ(tokenizer.idOf("abab"), 257);
  EXPECT_EQ(tokenizer.idOf("\xC4\xA0"), ' '); // the visible letter of the space
  EXPECT_EQ(tokenizer.idOf("<eos>"), 258);
  EXPECT_EQ(tokenizer.idOf("zz"), std::nullopt);
  EXPECT_EQ(tokenizer.tokenBytes(257), "abab");
  EXPECT_EQ(tokenizer.tokenBytes(0xC3), "\xC3");
  EXPECT_EQ(tokenizer.tokenBytes(0), std::string(1, '\0'));
  EXPECT_EQ(tokenizer.tokenBytes(-1), "");
  EXPECT_EQ(tokenizer.tokenBytes(1 << 30), "");
  EXPECT_TRUE(tokenizer.isSpecial(258));
  EXPECT_FALSE(tokenizer.isSpecial(257));
  EXPECT_FALSE(tokenizer.isSpecial(-1));
}

TEST(TokenizerTest, DecodesInvalidBytesAndIds) {
  Tokenizer tokenizer = make(smallTokenizer());
  EXPECT_EQ(tokenizer.decode(Ids{'a', 0xFF, 0xE2, 0x82, 'b'}, false), "a\uFFFD\uFFFDb");
  EXPECT_EQ(tokenizer.decode(Ids{0xE2, 0x82, 0xAC, -5, 9999, 258}, false), "€<eos>");
  EXPECT_EQ(tokenizer.decode(Ids{0xE2, 0x82, 258, 0xAC}, true), "€");
}

TEST(TokenizerTest, RefusesInvalidText) {
  Tokenizer tokenizer = make(smallTokenizer());
  EXPECT_ERROR(tokenizer.encode("ab\xff", false), "invalid UTF-8 at byte 2");
}

TEST(TokenizerTest, AnyTextComesBack) {
  Tokenizer tokenizer = Tokenizer::load(XLSTM_EXAMPLES "/tiny-llama/tokenizer.json");
  std::mt19937 engine(3);
  for (int n = 0; n < 500; ++n) {
    std::u32string codes;
    for (size_t length = engine() % 30; codes.size() < length;)
      if (char32_t code = engine() % (engine() % 2 ? 0x80 : 0x110000); code < 0xD800 || code >= 0xE000)
        codes += code;
    std::string text;
    for (char32_t c : codes) {
      if (c < 0x80)
        text += char(c);
      else if (c < 0x800)
        text += {char(0xC0 | c >> 6), char(0x80 | (c & 63))};
      else if (c < 0x10000)
        text += {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
      else
        text += {char(0xF0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode(text, false), false), text);
  }
}

/// The time for a word is near linear in its length: these take seconds then, hours otherwise.
TEST(TokenizerTest, LongWordsAndRunsOfMarks) {
  Json spec = smallTokenizer();
  spec["normalizer"] = {{"type", "NFC"}};
  Tokenizer tokenizer = make(spec);
  std::string word;
  for (int n = 0; n < 1'000'000; ++n)
    word += "ab";
  EXPECT_EQ(tokenizer.encode(word, false), Ids(500'000, 257));
  std::string marks = "a";
  for (int n = 0; n < 200'000; ++n)
    marks += "\u0301\u0323"; // above, below: every pair is out of order
  Ids ids = tokenizer.encode(marks, false);
  EXPECT_EQ(tokenizer.decode(ids, false).substr(0, 7), "ạ\u0323\u0323"); // U+1EA1, then the marks below
}

/// Long texts without spaces, in each of SentencePiece's ways.
TEST(TokenizerTest, LongTextsOfSentencePiece) {
  for (const char *kind : {"llama2", "unigram", "unigram-bytes"}) {
    Json golden = readJsonFile(std::string(XLSTM_TEST_INPUTS "/text/sentencepiece/") + kind + ".json");
    Tokenizer tokenizer = make(golden["tokenizer"]);
    std::string text;
    for (int n = 0; n < 200'000; ++n)
      text += "theofand";
    Ids ids = tokenizer.encode(text, false);
    EXPECT_GT(ids.size(), 400'000u);
    EXPECT_EQ(tokenizer.decode(ids, false), text);
  }
}

TEST(TokenizerTest, ThreadsMayShareIt) {
  Tokenizer tokenizer = Tokenizer::load(XLSTM_EXAMPLES "/tiny-llama/tokenizer.json");
  std::vector<std::string> texts;
  for (int n = 0; n < 200; ++n)
    texts.push_back("line " + std::to_string(n * n) + " of the text, word" + std::to_string(n % 17));
  std::vector<Ids> expected;
  for (const std::string &text : texts)
    expected.push_back(tokenizer.encode(text, true));
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (size_t n = 0; n < texts.size(); ++n)
        wrong[t] += tokenizer.encode(texts[n], true) != expected[n];
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(StreamDecoderTest, GivesWholeCharactersOnly) {
  Tokenizer tokenizer = make(smallTokenizer());
  StreamDecoder decoder(tokenizer, true);
  EXPECT_EQ(decoder.next('a'), "a");
  EXPECT_EQ(decoder.next(0xE2), "");
  EXPECT_EQ(decoder.next(258), ""); // a special token between changes nothing
  EXPECT_EQ(decoder.next(0x82), "");
  EXPECT_EQ(decoder.next(0xAC), "€");
  EXPECT_EQ(decoder.next(0xF0), "");
  EXPECT_EQ(decoder.next('b'), "\uFFFDb");
  EXPECT_EQ(decoder.next(0xE2), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD");
  EXPECT_EQ(decoder.finish(), "");
  EXPECT_EQ(StreamDecoder(tokenizer, false).next(258), "<eos>");
}

/// Of a run of byte tokens nothing is told before its end: one byte that does not fit would change all of it.
TEST(StreamDecoderTest, BytesAndSignsOfSentencePiece) {
  Tokenizer tokenizer = make(readJsonFile(XLSTM_TEST_INPUTS "/text/sentencepiece/llama2.json")["tokenizer"]);
  auto id = [&](std::string_view token) { return tokenizer.idOf(token).value(); };
  StreamDecoder decoder(tokenizer, true);
  EXPECT_EQ(decoder.next(id("<s>")), "");
  EXPECT_EQ(decoder.next(id("\u2581the")), "the"); // the sign before the text is none of it
  EXPECT_EQ(decoder.next(id("\u2581the")), " the");
  EXPECT_EQ(decoder.next(id("<0xF0>")), "");
  EXPECT_EQ(decoder.next(id("<0x9F>")), "");
  EXPECT_EQ(decoder.next(id("<0x98>")), "");
  EXPECT_EQ(decoder.next(id("<0x80>")), "");
  EXPECT_EQ(decoder.next(id("\u2581the")), "\U0001F600 the");
  EXPECT_EQ(decoder.next(id("<0xF0>")), "");
  EXPECT_EQ(decoder.next(id("<0x41>")), "");
  EXPECT_EQ(decoder.finish(), "\uFFFD\uFFFD");
  EXPECT_EQ(decoder.next(id("\u2581the")), "the"); // and then it begins anew
  EXPECT_EQ(tokenizer.tokenBytes(id("\u2581the")), " the");
  EXPECT_EQ(tokenizer.tokenBytes(id("<0x41>")), "A");
  EXPECT_EQ(tokenizer.tokenBytes(id("<s>")), "<s>");
}
