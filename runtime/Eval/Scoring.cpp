//===- Scoring.cpp - what counts as right ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Tasks.h"
#include "xlstm/Runtime/Text/Characters.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace xlstm {

bool beginsWithAnswer(std::string_view output, std::string_view answer) {
  output = stripSpace(output);
  answer = stripSpace(answer);
  return output.substr(0, answer.size()) == answer && !beginsWithWordCharacter(output.substr(answer.size()));
}

namespace {

struct NumberMatch {
  std::string_view number;
  bool ended; // something stands behind it
};

} // namespace

static bool isDigit(char c) { return c >= '0' && c <= '9'; }

static std::optional<NumberMatch> matchNumber(std::string_view output) {
  constexpr std::string_view word = "Answer:";
  for (size_t at = output.find(word); at != output.npos; at = output.find(word, at + 1)) {
    size_t begin = std::min(output.find_first_not_of(' ', at + word.size()), output.size());
    size_t digits = begin + (begin < output.size() && output[begin] == '-');
    size_t end = digits;
    while (end < output.size() && isDigit(output[end]))
      ++end;
    if (end > digits)
      return NumberMatch{output.substr(begin, end - begin), end < output.size()};
  }
  return std::nullopt;
}

std::optional<std::string> numberAfterAnswer(std::string_view output) {
  std::optional<NumberMatch> match = matchNumber(output);
  return match ? std::optional<std::string>(match->number) : std::nullopt;
}

bool isCorrect(TaskKind kind, const TaskItem &item, std::string_view output) {
  if (kind == TaskKind::NumberAfterAnswer)
    return numberAfterAnswer(output) == item.answer;
  return beginsWithAnswer(output, item.answer);
}

bool isDecided(TaskKind kind, const TaskItem &item, std::string_view output) {
  if (kind == TaskKind::NumberAfterAnswer) {
    std::optional<NumberMatch> match = matchNumber(output);
    return match && match->ended;
  }
  // A character behind the answer decides, or one that differs from it; not one that may be a piece of another
  // (U+FFFD).
  std::string_view answer = stripSpace(item.answer);
  std::string_view begun = output.substr(size_t(stripSpace(output).data() - output.data()));
  size_t common = std::min(begun.size(), answer.size());
  if (begun.substr(0, common) != answer.substr(0, common))
    return begun.find("\xef\xbf\xbd") == begun.npos;
  return begun.size() > answer.size() && static_cast<unsigned char>(begun[answer.size()]) < 0x80;
}

size_t argmax(const std::vector<double> &values) {
  return size_t(std::max_element(values.begin(), values.end()) - values.begin());
}

std::string needleMetric(int64_t length, int band) {
  auto percent = [](int part) { return std::to_string(100 * part / depthBands); };
  return "exact_match_" + std::to_string(length) + "_depth_" + percent(band) + "_" + percent(band + 1);
}

/// Mean and standard error of zeros and ones: sample deviation / sqrt(n), 0 for a single one.
static void addMetric(TaskScore &score, const std::string &name, const std::vector<double> &values) {
  double n = double(values.size());
  double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  score.metrics[name] = mean;
  score.standardErrors[name] = n > 1 ? std::sqrt(mean * (1 - mean) / (n - 1)) : 0;
}

TaskScore scoreOutputs(const Task &task, const std::vector<std::string> &outputs) {
  TaskScore score;
  score.items = int64_t(task.items.size());
  score.samples = Json::array();
  std::vector<double> right;
  std::map<int64_t, std::vector<double>> byLength;
  std::map<std::pair<int64_t, double>, std::vector<double>> byPlace;
  for (size_t i = 0; i < task.items.size(); ++i) {
    const TaskItem &item = task.items[i];
    bool correct = isCorrect(task.kind, item, outputs[i]);
    right.push_back(correct);
    if (item.length)
      byLength[*item.length].push_back(correct);
    if (item.length && item.depth)
      byPlace[{*item.length, std::floor(std::min(*item.depth, 0.999) * depthBands)}].push_back(correct);
    score.samples.push_back({{"id", item.id}, {"target", item.answer}, {"output", outputs[i]}, {"correct", correct}});
  }
  addMetric(score, "exact_match", right);
  for (const auto &[length, values] : byLength)
    addMetric(score, "exact_match_" + std::to_string(length), values);
  for (const auto &[place, values] : byPlace)
    addMetric(score, needleMetric(place.first, int(place.second)), values);
  return score;
}

/// Characters as Python's len() counts them: bytes of UTF-8 that begin one.
static double countCharacters(std::string_view text) {
  return double(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TaskScore scoreChoices(const Task &task, const std::vector<std::vector<double>> &logLikelihoods) {
  TaskScore score;
  score.items = int64_t(task.items.size());
  score.samples = Json::array();
  std::vector<double> right, rightNormalised;
  for (size_t i = 0; i < task.items.size(); ++i) {
    const TaskItem &item = task.items[i];
    std::vector<double> perCharacter;
    for (size_t c = 0; c < item.choices.size(); ++c)
      perCharacter.push_back(logLikelihoods[i][c] / countCharacters(item.choices[c]));
    size_t chosen = argmax(logLikelihoods[i]), chosenNormalised = argmax(perCharacter);
    right.push_back(chosen == item.label);
    rightNormalised.push_back(chosenNormalised == item.label);
    score.samples.push_back({{"id", item.id},
                             {"target", item.label},
                             {"log_likelihoods", logLikelihoods[i]},
                             {"chosen", chosen},
                             {"chosen_norm", chosenNormalised},
                             {"correct", chosen == item.label}});
  }
  addMetric(score, "acc", right);
  addMetric(score, "acc_norm", rightNormalised);
  return score;
}

} // namespace xlstm
