//===- Tasks.h - tasks out of JSON lines and their scoring rules ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_TASKS_H
#define XLSTM_RUNTIME_EVAL_TASKS_H

#include "xlstm/Runtime/Files/Json.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xlstm {

/// What the fields of the items say: `choices` and `label`; or `answer`; or `answer` with a worked `solution`.
enum class TaskKind { MultipleChoice, BeginsWithAnswer, NumberAfterAnswer };

struct TaskItem {
  std::string id, prompt;
  std::string answer;               // generation
  std::vector<std::string> choices; // multiple choice: the continuations
  size_t label = 0;                 // index of the right one
  std::optional<int64_t> length;    // a needle item's length, scored apart as well
  std::optional<double> depth;      // where the needle lies, from 0 at the beginning to 1: by length and depth, too
};

struct Task {
  std::string name;
  TaskKind kind = TaskKind::BeginsWithAnswer;
  std::vector<TaskItem> items;
  size_t allItems = 0; // before the limit

  int64_t newTokens() const { return kind == TaskKind::NumberAfterAnswer ? 64 : 12; }
  /// What guessing scores: the mean share of a choice, 0 for an answer.
  double chance() const;
  /// The metric that stands for the task in recovery rates: "exact_match" or "acc".
  std::string metric() const { return kind == TaskKind::MultipleChoice ? "acc" : "exact_match"; }
};

/// Reads a task file, one JSON object a line; `limit` items of it (0: all). The task is named after the file. Throws
/// Error with the line's number.
Task loadTask(const std::filesystem::path &file, size_t limit);

/// The output, stripped, begins with the stripped answer, not followed by a word character (a letter, a digit, '_').
bool beginsWithAnswer(std::string_view output, std::string_view answer);
/// The first match of `Answer: *(-?[0-9]+)`, its number as written.
std::optional<std::string> numberAfterAnswer(std::string_view output);
/// Whether the item's answer was given.
bool isCorrect(TaskKind kind, const TaskItem &item, std::string_view output);
/// Whether text behind `output` can still change what isCorrect says: generation may stop where it cannot.
bool isDecided(TaskKind kind, const TaskItem &item, std::string_view output);

/// Needles are counted in this many bands of depth; the metric of one: "exact_match_1024_depth_20_40".
inline constexpr int depthBands = 5;
std::string needleMetric(int64_t length, int band);

/// Index of the largest value, the first of equals.
size_t argmax(const std::vector<double> &values);

/// A task's scores: metric -> mean, and the standard errors (sample deviation / sqrt(n)) of the same metrics.
struct TaskScore {
  std::map<std::string, double> metrics, standardErrors;
  int64_t items = 0;
  Json samples; // one object an item: id, what the model did, whether it was right
};

TaskScore scoreOutputs(const Task &task, const std::vector<std::string> &outputs);
/// `logLikelihoods[item][choice]`: sums of natural log-probabilities.
TaskScore scoreChoices(const Task &task, const std::vector<std::vector<double>> &logLikelihoods);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_TASKS_H
