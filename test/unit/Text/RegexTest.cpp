//===- RegexTest.cpp - expressions cut as Oniguruma cuts ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is expected was written by PyPI tokenizers (test/Inputs/text/make_regexes.py).

#include "runtime/Text/Regex.h"
#include "test/unit/Files/TestFolder.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Unsupported.h"

using namespace xlstm;
using namespace xlstm::text;

static std::vector<std::string> cut(const Regex &regex, const std::string &text) {
  RegexScratch scratch;
  std::vector<Part> parts;
  regex.cut(text, scratch, parts);
  std::vector<std::string> out;
  for (const Part &part : parts)
    if (part.begin < part.end)
      out.push_back(text.substr(part.begin, part.end - part.begin));
  return out;
}

TEST(RegexTest, EveryDifferenceOfTheEngines) {
  Json golden = readJsonFile(XLSTM_TEST_INPUTS "/text/regexes.json");
  int same = 0, refused = 0;
  for (const Json &row : golden["rows"]) {
    std::string expression = row["regex"];
    SCOPED_TRACE(expression);
    if (row.contains("refused")) {
      EXPECT_THROW(Regex(expression, "r"), Unsupported);
      EXPECT_ERROR(Regex(expression, "r"), row["refused"].get<std::string>());
      ++refused;
    } else if (row.contains("invalid")) {
      EXPECT_ERROR(Regex(expression, "r"), "r: the regex "); // not valid, or not supported: refused
    } else {
      Regex regex(expression, "r");
      for (size_t n = 0; n < golden["texts"].size(); ++n)
        EXPECT_EQ(cut(regex, golden["texts"][n]), row["parts"][n].get<std::vector<std::string>>()) << n;
      ++same;
    }
  }
  EXPECT_GT(same, 200);
  EXPECT_GT(refused, 20);
}

TEST(RegexTest, BoundsWhatIsMadeToBeLarge) {
  EXPECT_ERROR(Regex(std::string(200'000, 'a'), "r"), "expected a regex of at most 131072 bytes, found 200000");
  EXPECT_ERROR(Regex(std::string(20'000, '(') + std::string(20'000, ')'), "r"), "too deeply nested");
  EXPECT_ERROR(Regex(std::string(20'000, '['), "r"), "nested too deeply");
  std::string boundaries;
  for (int n = 0; n < 30'000; ++n)
    boundaries += "\\b";
  EXPECT_ERROR(Regex(boundaries, "r"), "too much for one expression");
}
