//===- ScoringTest.cpp - what counts as right, by hand --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Support/Error.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

// Python: re.match(re.escape(answer.strip()) + r'(?!\w)', output.strip())
TEST(Scoring, AnswerMustComeFirstAndEndAtAWord) {
  EXPECT_TRUE(beginsWithAnswer(" 38\n\nQuestion", " 38"));
  EXPECT_TRUE(beginsWithAnswer("38", " 38"));
  EXPECT_TRUE(beginsWithAnswer("\n\t 38.", " 38 "));
  EXPECT_TRUE(beginsWithAnswer("38-9", "38"));
  EXPECT_TRUE(beginsWithAnswer("38’s", "38")); // a quote of three bytes is no word character
  EXPECT_FALSE(beginsWithAnswer("380", "38"));
  EXPECT_FALSE(beginsWithAnswer("38é", "38"));
  EXPECT_FALSE(beginsWithAnswer("38_", "38"));
  EXPECT_FALSE(beginsWithAnswer("-38", "38"));
  EXPECT_FALSE(beginsWithAnswer("3", "38"));
  EXPECT_FALSE(beginsWithAnswer("", "38"));
  EXPECT_FALSE(beginsWithAnswer("It is 38", "38"));
  EXPECT_FALSE(beginsWithAnswer("House", "house"));
}

// Python: re.search(r'Answer: *(-?\d+)', output)
TEST(Scoring, NumberBehindAnswer) {
  EXPECT_EQ(numberAfterAnswer(" 12 * 3 = 36.\nAnswer: 36\n\nQuestion"), "36");
  EXPECT_EQ(numberAfterAnswer("Answer:-7"), "-7");
  EXPECT_EQ(numberAfterAnswer("Answer:   42.5"), "42");
  EXPECT_EQ(numberAfterAnswer("Answer: none. Answer: 4 Answer: 5"), "4");
  EXPECT_EQ(numberAfterAnswer("Answer: -x Answer: 5"), "5");
  EXPECT_EQ(numberAfterAnswer("Answer:\n8"), std::nullopt);
  EXPECT_EQ(numberAfterAnswer("answer: 8"), std::nullopt);
  EXPECT_EQ(numberAfterAnswer("Answer: - 8"), std::nullopt);
  EXPECT_EQ(numberAfterAnswer("Answer: "), std::nullopt);
  EXPECT_EQ(numberAfterAnswer(""), std::nullopt);
  TaskItem item;
  item.answer = "36";
  EXPECT_TRUE(isCorrect(TaskKind::NumberAfterAnswer, item, "Answer: 36"));
  EXPECT_FALSE(isCorrect(TaskKind::NumberAfterAnswer, item, "Answer: 036"));
  EXPECT_FALSE(isCorrect(TaskKind::NumberAfterAnswer, item, "36"));
}

TEST(Scoring, DecidedOutputsNeverChangeTheirMind) {
  std::vector<std::string> texts = {" 38\n\nQ",     " 380",      "  x", "38 Answer: 5, Answer: 6",
                                    "Answer: -12 ", "Answer: 5", "3é8", "Answer:  Answer: 38"};
  for (const char *answer : {"38", "5", "-12"})
    for (TaskKind kind : {TaskKind::BeginsWithAnswer, TaskKind::NumberAfterAnswer})
      for (const std::string &text : texts) {
        TaskItem item;
        item.answer = answer;
        for (size_t length = 0; length <= text.size(); ++length)
          if (isDecided(kind, item, text.substr(0, length))) {
            EXPECT_EQ(isCorrect(kind, item, text.substr(0, length)), isCorrect(kind, item, text))
                << text << " cut to " << length << ", answer " << answer;
          }
      }
}

TEST(Scoring, OutputsThatAreLongEnoughAreDecided) {
  TaskItem item;
  item.answer = " 38";
  EXPECT_TRUE(isDecided(TaskKind::BeginsWithAnswer, item, " 38\n"));
  EXPECT_TRUE(isDecided(TaskKind::BeginsWithAnswer, item, " 4"));
  EXPECT_FALSE(isDecided(TaskKind::BeginsWithAnswer, item, " 38"));
  EXPECT_FALSE(isDecided(TaskKind::BeginsWithAnswer, item, " "));
  EXPECT_FALSE(isDecided(TaskKind::NumberAfterAnswer, item, "Answer: 3"));
  EXPECT_TRUE(isDecided(TaskKind::NumberAfterAnswer, item, "Answer: 38\n"));
}

static Task choiceTask() {
  Task task{"define", TaskKind::MultipleChoice, {}, 3};
  for (size_t label : {0, 1, 1}) {
    TaskItem item;
    item.choices = {"four", "eight by", "é"};
    item.label = label;
    task.items.push_back(item);
  }
  return task;
}

TEST(Scoring, ChoicesBySumAndByCharacter) {
  // Sums per character: -4/4 -6/8 -2/1; -1/4 -4/8 -9/1; -5/4 -5/8 -5/1: equal sums go to the first.
  TaskScore score = scoreChoices(choiceTask(), {{-4, -6, -2}, {-1, -4, -9}, {-5, -5, -5}});
  EXPECT_NEAR(score.metrics.at("acc"), 0.0 / 3, 1e-12);
  EXPECT_NEAR(score.metrics.at("acc_norm"), 1.0 / 3, 1e-12);
  EXPECT_NEAR(score.standardErrors.at("acc_norm"), std::sqrt(2.0 / 9 / 2), 1e-12);
  EXPECT_EQ(score.samples[0]["chosen"], 2);
  EXPECT_EQ(score.samples[0]["chosen_norm"], 1);
}

TEST(Scoring, NeedlesAreCountedByDepthWhereItIsSaid) {
  Task task{"needle", TaskKind::BeginsWithAnswer, {}, 3};
  for (double depth : {0.0, 0.19, 1.0}) {
    TaskItem item;
    item.answer = " 1";
    item.length = 256;
    item.depth = depth;
    task.items.push_back(item);
  }
  TaskScore score = scoreOutputs(task, {" 1", " 2", " 1"});
  EXPECT_NEAR(score.metrics.at("exact_match_256_depth_0_20"), 0.5, 1e-12);
  EXPECT_NEAR(score.metrics.at("exact_match_256_depth_80_100"), 1, 1e-12);
  EXPECT_EQ(score.metrics.size(), 4u);
}

TEST(Scoring, NeedlesAreCountedByLengthToo) {
  Task task{"needle", TaskKind::BeginsWithAnswer, {}, 4};
  for (int64_t length : {256, 256, 512, 512}) {
    TaskItem item;
    item.answer = " 48213";
    item.length = length;
    task.items.push_back(item);
  }
  TaskScore score = scoreOutputs(task, {" 48213.", " 4821", " 48213", " 48213\n"});
  EXPECT_EQ(score.metrics,
            (std::map<std::string, double>{{"exact_match", 0.75}, {"exact_match_256", 0.5}, {"exact_match_512", 1.0}}));
  EXPECT_NEAR(score.standardErrors.at("exact_match"), std::sqrt(0.75 * 0.25 / 3), 1e-12);
}

TEST(Tasks, FieldsSayTheKind) {
  TemporaryFolder folder;
  write(folder.path / "define.jsonl", R"({"id": "d0", "prompt": "p", "choices": [" a", " b"], "label": 1}
{"id": "d1", "prompt": "q", "choices": [" a", " b"], "label": 0}
)");
  Task define = loadTask(folder.path / "define.jsonl", 1);
  EXPECT_EQ(define.name, "define");
  EXPECT_EQ(define.kind, TaskKind::MultipleChoice);
  EXPECT_EQ(define.items.size(), 1u);
  EXPECT_EQ(define.allItems, 2u);
  EXPECT_EQ(define.items[0].label, 1u);
  write(folder.path / "sum.jsonl", R"({"prompt": "p", "answer": " 3", "length": 256})");
  Task sum = loadTask(folder.path / "sum.jsonl", 0);
  EXPECT_EQ(sum.kind, TaskKind::BeginsWithAnswer);
  EXPECT_EQ(sum.newTokens(), 12);
  EXPECT_EQ(sum.items[0].length, 256);
  write(folder.path / "word.jsonl", R"({"prompt": "p", "answer": "3", "solution": " 1 + 2 = 3."})");
  EXPECT_EQ(loadTask(folder.path / "word.jsonl", 0).kind, TaskKind::NumberAfterAnswer);
  EXPECT_EQ(loadTask(folder.path / "word.jsonl", 0).newTokens(), 64);
}

TEST(Tasks, DamagedFilesAreRefusedWithTheLine) {
  TemporaryFolder folder;
  auto messageOf = [&](const std::string &text) {
    write(folder.path / "t.jsonl", text);
    try {
      loadTask(folder.path / "t.jsonl", 0);
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  std::string good = R"({"prompt": "p", "answer": "3"})"
                     "\n";
  for (const char *bad :
       {"{", "[]", "{}", R"({"prompt": "p"})", R"({"answer": "3"})", R"({"prompt": 1, "answer": "3"})",
        R"({"prompt": "p", "choices": ["a"], "label": 0})", R"({"prompt": "p", "choices": ["a", "b"], "label": 2})",
        R"({"prompt": "p", "choices": ["a", ""], "label": 0})",
        R"({"prompt": "p", "choices": ["a", "b"], "label": 0})"})
    EXPECT_NE(messageOf(good + bad).find("t.jsonl:2"), std::string::npos) << bad << ": " << messageOf(good + bad);
  EXPECT_NE(messageOf("").find("expected at least one item"), std::string::npos);
}

// As lm-evaluation-harness counts (lm_eval/api/task.py: len(choice)): characters, spaces at the ends and inside among
// them; not bytes, and not what is left without the spaces.
TEST(Scoring, ChoicesWithSpacesAndOtherLettersByCharacter) {
  Task task{"define", TaskKind::MultipleChoice, {}, 3};
  for (size_t label : {0, 1, 2}) {
    TaskItem item;
    item.choices = {" ab cd", "éé", " x"}; // 6, 4 and 2 bytes; 6, 2 and 2 characters; 5, 4 and 1 without outer spaces
    item.label = label;
    task.items.push_back(item);
  }
  // A character: -1, -1.1, -1.05; -1.1, -1, -1.1; -1.2, -1.2, -1. By bytes the second choice would be best each time.
  TaskScore score = scoreChoices(task, {{-6, -2.2, -2.1}, {-6.6, -2, -2.2}, {-7.2, -2.4, -2}});
  EXPECT_EQ(score.samples[0]["chosen_norm"], 0);
  EXPECT_EQ(score.samples[1]["chosen_norm"], 1);
  EXPECT_EQ(score.samples[2]["chosen_norm"], 2);
  EXPECT_EQ(score.samples[0]["chosen"], 2);
  EXPECT_EQ(score.metrics.at("acc_norm"), 1);
}
