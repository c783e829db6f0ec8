//===- UnicodeTest.cpp - NFC, classes, the regex engine -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Unicode.h"
#include "runtime/Text/Regex.h"
#include "test/unit/Files/TestFolder.h"

#include <random>
#include <utf8proc.h>

using namespace xlstm;
using namespace xlstm::text;

TEST(UnicodeTest, NfcOfTheStandardsExamples) {
  EXPECT_EQ(toNfc("plain"), "plain");
  EXPECT_EQ(toNfc("e\u0301"), "\u00e9");
  EXPECT_EQ(toNfc("\u212b"), "\u00c5");                                 // a singleton
  EXPECT_EQ(toNfc("\u0958"), "\u0915\u093c");                           // a composition exclusion
  EXPECT_EQ(toNfc("\u0344"), "\u0308\u0301");                           // a non-starter decomposition
  EXPECT_EQ(toNfc("s\u0307\u0323"), "\u1e69");                          // marks are put in order, then composed
  EXPECT_EQ(toNfc("\u1100\u1161\u11a8"), "\uac01");                     // Hangul
  EXPECT_EQ(toNfc("a\u0315\u0300\u05ae\u0062"), "\u00e0\u05ae\u0315b"); // NormalizationTest.txt, part 2
  EXPECT_EQ(toNfc(std::string("a\0e\u0301", 5)), std::string("a\0\u00e9", 4));
}

TEST(UnicodeTest, NfcEqualsUtf8procOnRandomText) {
  std::mt19937 engine(2);
  for (int n = 0; n < 2000; ++n) {
    std::string text;
    for (int length = 1 + int(engine() % 12); length > 0; --length) {
      int32_t code = engine() % 3 ? 0x300 + engine() % 0x70 : engine() % 0x3000;
      appendUtf8(text, code);
    }
    auto *expected = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t *>(text.c_str()));
    std::string truth = reinterpret_cast<char *>(expected); // ends at a NUL
    EXPECT_EQ(toNfc(text.c_str()), truth);
    std::free(expected);
  }
}

TEST(UnicodeTest, Classes) {
  for (int32_t code : std::initializer_list<int32_t>{'0', '9', 0x663, 0xBD, 0x216B, 0x1D7D8})
    EXPECT_TRUE(isNumeric(code)) << code;
  for (int32_t code : std::initializer_list<int32_t>{'a', ' ', 0x4E00})
    EXPECT_FALSE(isNumeric(code)) << code;
  for (int32_t code : std::initializer_list<int32_t>{' ', '\t', '\r', 0x85, 0xA0, 0x2003, 0x2028, 0x3000})
    EXPECT_TRUE(isSpace(code)) << code;
  for (int32_t code : std::initializer_list<int32_t>{'a', 0, 0x1C, 0x180E, 0x200B, 0xFEFF})
    EXPECT_FALSE(isSpace(code)) << code;
  for (int32_t code : std::initializer_list<int32_t>{'a', '_', '5', 0xE9, 0x301, 0x203F, 0x200D})
    EXPECT_TRUE(isWord(code)) << code;
  for (int32_t code : std::initializer_list<int32_t>{'-', ' ', 0x20AC, 0x200B})
    EXPECT_FALSE(isWord(code)) << code;
}

/// Parts as "(match)rest".
static std::string cut(const std::string &pattern, const std::string &text) {
  RegexScratch scratch;
  std::vector<Part> parts;
  Regex(pattern, "p").cut(text, scratch, parts);
  std::string out;
  for (const Part &part : parts) {
    std::string piece = text.substr(part.begin, part.end - part.begin);
    out += part.isMatch ? "(" + piece + ")" : piece;
  }
  return out;
}

TEST(RegexTest, CutsAtMatches) {
  EXPECT_EQ(cut("b+", "abbcb"), "a(bb)c(b)");
  EXPECT_EQ(cut("x", "abc"), "abc");
  EXPECT_EQ(cut("b", ""), "");
  EXPECT_EQ(cut("x*", "axé"), "()a(x)é()"); // an empty match right after a match does not count
  EXPECT_EQ(cut("\\p{L}+", "é1日本 x"), "(é)1(日本) (x)");
  EXPECT_EQ(cut("(?i:'S)", "'s'S'ſ"), "('s)('S)('ſ)");
  EXPECT_EQ(cut("\\s+", "a\u2003\u0085b\u180ec"), "a(\u2003\u0085)b\u180ec");
  EXPECT_EQ(cut("\\S+", "\u180e "), "(\u180e) ");
}

TEST(RegexTest, LongRunsMatch) {
  std::string spaces(3'000'000, ' ');
  EXPECT_EQ(cut("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", spaces + "a").size(), spaces.size() + 5);
}

TEST(RegexTest, FaultsAreErrors) {
  EXPECT_ERROR(Regex("[a", "t.json: x"), "t.json: x: the regex is not valid at byte 2");
  EXPECT_ERROR(Regex(std::string(20'000, '('), "p"), "too deeply nested");
  EXPECT_ERROR(Regex(std::string(200'000, 'a'), "p"), "expected a regex of at most 131072 bytes");
  EXPECT_ERROR(Regex("\\C", "p"), "\\C");
  EXPECT_ERROR(cut("(a+)+$", std::string(100, 'a') + "!"), "the regex fails on the text: match limit exceeded");
}
