//===- JsonTextTest.cpp - what may follow in a JSON object ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/JsonText.h"
#include "runtime/Serve/Answer.h"
#include "xlstm/Runtime/Files/Json.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>

using namespace xlstm;
using namespace xlstm::serve;

static bool isObject(const std::string &text) {
  JsonText json;
  return json.take(text) && json.isComplete();
}

static const std::vector<std::string> texts = {
    R"({})", R"({"a":1})",
    R"({ "a" : [ 1 , -0.5e+3, 20E-1, true,false , null, "x" ], "b": {"c": {}}, "d": [[], [{}]] })",
    "{\"k\\n\\u00e9\\\\\": \"\u00e9\u20ac\U0001F600 \\\" \\/ \\b\\f\\r\\t\"}",
    "{\n  \"list\": [\n    0,\n    10.25,\n    -3\n  ]\n}"};

TEST(JsonTextTest, EveryBeginningMayGoOnAndOnlyTheWholeIsComplete) {
  for (const std::string &text : texts) {
    JsonText json;
    for (char byte : text) {
      EXPECT_FALSE(json.isComplete()) << text;
      ASSERT_TRUE(json.take(static_cast<unsigned char>(byte))) << text << ": " << byte;
    }
    EXPECT_TRUE(json.isComplete()) << text;
    EXPECT_FALSE(json.take(' ')) << text;
  }
}

// Damaged texts: nlohmann's reader says which of them are JSON.
TEST(JsonTextTest, AcceptsWhatAReaderDoes) {
  std::mt19937 random(1);
  const std::string alphabet = "{}[]\",:\\ue0123.-+tfn d8\xc3\xa9\xed\xa0\xff\x01";
  const std::regex surrogate("\\\\u[dD][89a-fA-F]"), large("[eE][+-]?[0-9]{3}");
  int64_t complete = 0;
  for (int n = 0; n < 200000; ++n) {
    std::string text = texts[n % texts.size()];
    for (int changes = 1 + n % 3; changes--;) {
      const size_t at = random() % text.size();
      const char byte = alphabet[random() % alphabet.size()];
      random() % 2 ? text.insert(at, 1, byte) : random() % 2 ? text.erase(at, 1) : text.replace(at, 1, 1, byte);
      if (text.empty())
        text = "{";
    }
    if (std::regex_search(text, large) || std::regex_search(text, surrogate) || text.back() != '}')
      continue; // numbers that no double holds; what is refused here by choice; white space behind the end
    const bool expected = Json::accept(text) && Json::parse(text).is_object();
    ASSERT_EQ(isObject(text), expected) << text;
    complete += expected;
  }
  EXPECT_GT(complete, 10000);
}

TEST(JsonTextTest, RefusesWhatAModelWouldWriteForEver) {
  EXPECT_TRUE(isObject("{" + std::string(32, ' ') + "}"));
  EXPECT_FALSE(isObject("{" + std::string(33, ' ') + "}"));
  auto nested = [](size_t depth) { return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
  EXPECT_TRUE(isObject(nested(63)));
  EXPECT_FALSE(isObject(nested(64)));
  EXPECT_FALSE(isObject("[1]"));
  EXPECT_FALSE(isObject(R"({"a": "\ud800"})"));
  EXPECT_TRUE(isObject(R"({"a": "\ud7ff\ue000"})"));
}

// The likeliest token that may follow is written, and the answer ends where the object does.
TEST(AnswerTest, JsonIsWrittenOfTokensThatMayFollow) {
  const std::vector<std::string> bytes = {"x", "{\"a\": [", "1", "]", "}", "", "]}", "]} and"};
  WritingOptions options;
  options.most = 20;
  options.json = std::make_shared<const std::vector<std::string>>(bytes);
  const std::vector<int32_t> ends = {6};
  Answer answer(options, 0, nullptr, ends);
  std::string text;
  // Always the end, then what has text behind the object and what has none, then what closes it.
  const std::vector<float> logits = {3, 2, 1, 4, 5, 7, 9, 8};
  Answer::Step step;
  do {
    step = answer.next(logits);
    text += bytes[static_cast<size_t>(step.id)];
  } while (!step.finish);
  EXPECT_EQ(text, R"({"a": []})");
  EXPECT_EQ(*step.finish, Finish::Stop);
  EXPECT_TRUE(step.isToken);
}
