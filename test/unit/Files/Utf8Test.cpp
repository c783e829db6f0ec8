//===- Utf8Test.cpp - which bytes are UTF-8 -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Utf8.h"
#include "gtest/gtest.h"

#include <cstdint>
#include <string>

using namespace xlstm;

static std::string encode(uint32_t code) {
  if (code < 0x80)
    return {char(code)};
  if (code < 0x800)
    return {char(0xC0 | code >> 6), char(0x80 | (code & 63))};
  if (code < 0x10000)
    return {char(0xE0 | code >> 12), char(0x80 | (code >> 6 & 63)), char(0x80 | (code & 63))};
  return {char(0xF0 | code >> 18), char(0x80 | (code >> 12 & 63)), char(0x80 | (code >> 6 & 63)),
          char(0x80 | (code & 63))};
}

TEST(Utf8Test, KnowsEveryCodePoint) {
  for (uint32_t code = 0; code < 0x120000; ++code) {
    std::string bytes = encode(code);
    bool valid = code < 0x110000 && (code < 0xD800 || code >= 0xE000);
    ASSERT_EQ(validUtf8Prefix(bytes), valid ? bytes.size() : 0) << code;
    for (size_t cut = 1; valid && cut < bytes.size(); ++cut) {
      Utf8Step step = stepUtf8(std::string_view(bytes).substr(0, cut));
      ASSERT_EQ(step.kind, Utf8Step::Cut) << code;
      ASSERT_EQ(step.length, cut) << code;
    }
  }
}

TEST(Utf8Test, RefusesOverlongForms) {
  for (std::string bytes : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\x80"})
    EXPECT_EQ(validUtf8Prefix(bytes), 0u);
}

/// The example of the Unicode standard's table 3-8: 61 F1 80 80 E1 80 C2 62 80 63 80 BF 64.
TEST(Utf8Test, CutsIllFormedBytesIntoMaximalSubparts) {
  std::string_view rest = "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64";
  std::string lengths;
  while (!rest.empty()) {
    Utf8Step step = stepUtf8(rest);
    lengths += (step.kind == Utf8Step::Whole ? '+' : '-') + std::to_string(step.length);
    rest.remove_prefix(step.length);
  }
  EXPECT_EQ(lengths, "+1-3-2-1+1-1+1-1-1+1");
}

TEST(Utf8Test, FindsAFaultBehindLongAscii) {
  for (size_t at = 0; at < 40; ++at) {
    std::string text(40, 'a');
    text[at] = '\xFF';
    EXPECT_EQ(validUtf8Prefix(text), at);
  }
}
