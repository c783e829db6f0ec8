//===- QuoteTest.cpp - words of a file for a terminal ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Quote.h"

#include <gtest/gtest.h>

using namespace xlstm;

TEST(Quote, escapesWhatATerminalObeys) {
  EXPECT_EQ(escapeControls("\x1b]0;x\a"), "\\u001b]0;x\\u0007");
  EXPECT_EQ(escapeControls("a\nb\tc\rd\x7f"), "a\\nb\\tc\\rd\\u007f");
  EXPECT_EQ(escapeControls(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(escapeControls("\xc2\x9b"
                           "31m\xc2\x80\xc2\x9f"),
            "\\u009b31m\\u0080\\u009f"); // C1: an 8-bit CSI
  // All bidi embeddings, overrides and isolates, and the two separators of lines.
  for (int point : {0x2028, 0x2029, 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069}) {
    std::string text = {char(0xE0 | point >> 12), char(0x80 | (point >> 6 & 63)), char(0x80 | (point & 63))};
    char expected[8];
    std::snprintf(expected, sizeof expected, "\\u%04x", point);
    EXPECT_EQ(escapeControls(text), expected);
  }
}

TEST(Quote, leavesTextAsItIs) {
  std::string text = "naïve ü 漢字 مرحبا 😀 \xc2\xa0 \xe2\x80\xa7 \xe2\x80\xaf \xe2\x81\xa5 \xe2\x81\xaa back\\slash";
  EXPECT_EQ(escapeControls(text), text);
  EXPECT_EQ(escapeControls("a\n\tb\r", "\n\t"), "a\n\tb\\r");
}

TEST(Quote, showsBytesThatAreNoText) {
  // A terminal of 8 bits takes a bare 0x9b for a CSI; overlong and cut sequences and surrogates are no characters.
  EXPECT_EQ(escapeControls("\x9b"
                           "31m"),
            "\\x9b31m");
  EXPECT_EQ(escapeControls("\xc0\x9b"), "\\xc0\\x9b");
  EXPECT_EQ(escapeControls("\xe2\x80"), "\\xe2\\x80");
  EXPECT_EQ(escapeControls("\xed\xa0\x80"), "\\xed\\xa0\\x80");
  EXPECT_EQ(escapeControls("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(escapeControls("\xff"), "\\xff");
}

TEST(Quote, showsPathsWhole) {
  std::string deep = "/" + std::string(300, 'd') + "/file";
  EXPECT_EQ(quotePath(deep), "'" + deep + "'");
  EXPECT_EQ(quotePath("a\x1b"), "'a\\u001b'");
}

TEST(Quote, cutsAtACharacter) {
  EXPECT_EQ(quote("a\x1b"), "'a\\u001b'");
  EXPECT_EQ(quote(std::string(79, 'x') + "ü"), "'" + std::string(79, 'x') + "...'");
}
