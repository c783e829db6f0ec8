//===- AnswerTest.cpp - stops, penalties, chances --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Answer.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace xlstm;
using namespace xlstm::serve;

static std::string shownOf(StopFinder &finder, const std::string &text, size_t piece) {
  std::string shown;
  for (size_t at = 0; at < text.size(); at += piece)
    shown += finder.next(std::string_view(text).substr(at, piece));
  return shown + finder.finish();
}

TEST(StopFinderTest, CutsAtTheFirstStopHoweverTheTextComes) {
  const std::string text = "one\n\ntwo END three";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    StopFinder both({"END", "\n\nt"}), turned({"\n\nt", "END"}), none({"\n\n\n", "ENDE"}), end({"three"});
    EXPECT_EQ(shownOf(both, text, piece), "one");
    EXPECT_TRUE(both.isStopped());
    EXPECT_EQ(shownOf(turned, text, piece), "one");
    EXPECT_EQ(shownOf(none, text, piece), text);
    EXPECT_FALSE(none.isStopped());
    EXPECT_EQ(shownOf(end, text, piece), "one\n\ntwo END ");
  }
}

TEST(StopFinderTest, ShowsWhatCannotBecomeAStop) {
  StopFinder finder({"abc"});
  EXPECT_EQ(finder.next("xab"), "x");
  EXPECT_EQ(finder.next("d"), "abd");
  EXPECT_EQ(finder.next("ab"), "");
  EXPECT_EQ(finder.finish(), "ab");
}

static std::vector<int32_t> write(const WritingOptions &options, const std::vector<float> &logits) {
  const std::vector<int32_t> ends = {3};
  Answer answer(options, 0, nullptr, ends);
  std::vector<int32_t> ids;
  for (;;) {
    Answer::Step step = answer.next(logits);
    if (step.isToken)
      ids.push_back(step.id);
    if (step.finish) {
      EXPECT_EQ(*step.finish, step.isToken ? Finish::Length : Finish::Stop);
      return ids;
    }
  }
}

TEST(AnswerTest, BiasAndPenaltiesAreThoseOfTheirDefinition) {
  const std::vector<float> logits = {2, 1.5F, 1, 0};
  WritingOptions options;
  options.most = 4;
  EXPECT_EQ(write(options, logits), (std::vector<int32_t>{0, 0, 0, 0}));
  options.frequency = 0.4; // 2, 1.6 < ... : token 0 loses 0.4 with each of its occurrences
  EXPECT_EQ(write(options, logits), (std::vector<int32_t>{0, 0, 1, 0}));
  options = {};
  options.most = 4;
  options.presence = 0.6; // once, however often
  EXPECT_EQ(write(options, logits), (std::vector<int32_t>{0, 1, 0, 0}));
  options = {};
  options.bias = {{3, 5.0F}};
  EXPECT_EQ(write(options, logits), std::vector<int32_t>()) << "the model ends the text";
  options.ignoresEnd = true;
  options.most = 2;
  EXPECT_EQ(write(options, logits), (std::vector<int32_t>{3, 3}));
}

TEST(AnswerTest, ChancesAreTheSoftmax) {
  const std::vector<float> logits = {0, 1, -1, 1};
  const double total = 1 + 2 * std::exp(1) + std::exp(-1);
  TokenChances chances = chancesOf(logits, 2, 3);
  EXPECT_NEAR(chances.own.logProbability, -1 - std::log(total), 1e-12);
  ASSERT_EQ(chances.top.size(), 3u);
  EXPECT_EQ(chances.top[0].id, 1) << "the lower id among equals";
  EXPECT_EQ(chances.top[1].id, 3);
  EXPECT_EQ(chances.top[2].id, 0);
  EXPECT_NEAR(chances.top[2].logProbability, -std::log(total), 1e-12);
}
