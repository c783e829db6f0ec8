//===- Results.cpp - results.json -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/Results.h"

#include "xlstm/Runtime/Eval/Recovery.h"

#include <algorithm>

namespace xlstm {

static Json modelScores(const ModelResults &model) {
  Json scores = {{"bits_per_byte", Json::object()}, {"tasks", Json::object()}};
  for (const auto &[domain, result] : model.domains.items())
    scores["bits_per_byte"][domain] = result.at("bits_per_byte");
  for (const auto &[task, result] : model.tasks.items())
    scores["tasks"][task] = result.at("metrics");
  return scores;
}

static Comparison compareText(const std::string &domain, const ModelResults &teacher, const ModelResults &student) {
  return {domain, teacher.domains.at(domain).at("bits_per_byte"), student.domains.at(domain).at("bits_per_byte"), true};
}

static std::vector<char> rightItems(const ModelResults &model, const Task &task) {
  std::vector<char> right;
  for (const Json &sample : model.tasks.at(task.name).at("samples"))
    right.push_back(sample.at("correct").get<bool>());
  return right;
}

static Json asJson(const std::optional<Interval> &interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
}

/// Rates of every benchmark, and intervals: of a task's over its items, of a text's over its rows.
static void addRecovery(Json &summary, const ModelResults &teacher, const ModelResults &student,
                        const std::vector<TaskOutcomes> &tasks) {
  Json rates = Json::object(), intervals = Json::object(), excesses = Json::object();
  auto add = [&](const Comparison &comparison, const std::optional<Interval> &interval) {
    std::optional<double> rate = recoveryRate(comparison);
    rates[comparison.benchmark] = rate ? Json(*rate) : Json(nullptr);
    intervals[comparison.benchmark] = asJson(interval);
  };
  for (const auto &[domain, result] : teacher.domains.items()) {
    auto excess = excessInterval(result.at("row_nats"), student.domains.at(domain).at("row_nats"));
    std::optional<Interval> interval;
    if (excess)
      interval = {1 / (1 + excess->high), 1 / (1 + excess->low)};
    add(compareText(domain, teacher, student), interval);
    excesses[domain] = asJson(excess);
  }
  for (const TaskOutcomes &task : tasks)
    add(task.comparison(), rateInterval(task));
  summary["recovery"][student.name] = rates;
  summary["recovery_intervals"][student.name] = intervals;
  summary["text_excess_intervals"][student.name] = excesses;
}

static Json asJson(const std::vector<TaskOutcomes> &tasks) {
  if (tasks.empty())
    return nullptr;
  Headline headline = headlineOf(tasks);
  return {{"alpha_star", headline.alphaStar},
          {"alpha_star_interval", asJson(headline.alphaStarInterval)},
          {"c_0", headline.zero},
          {"c_0_interval", asJson(headline.zeroInterval)},
          {"tasks", tasks.size()}};
}

/// The curve over the tasks on which the teacher is above chance; with `countText` over the texts as well, whose items
/// nobody can draw, so that there is no interval. Null numbers where nothing is left to count.
static Json winAndTieCurve(const std::vector<TaskOutcomes> &all, const std::vector<Comparison> &texts) {
  std::vector<TaskOutcomes> counted, generated, scored;
  std::vector<Comparison> comparisons = texts;
  Json names = Json::array(), leftOut = Json::object();
  for (const Comparison &text : texts)
    names.push_back(text.benchmark);
  for (const TaskOutcomes &task : all) {
    if (task.isAtChance()) {
      leftOut[task.task] = "the teacher is at chance or below it";
      continue;
    }
    counted.push_back(task);
    (task.isGeneration ? generated : scored).push_back(task);
    comparisons.push_back(task.comparison());
    names.push_back(task.task);
  }
  Json alphas = Json::array(), shares = Json::array();
  for (int percent = 0; percent <= 100; ++percent) {
    alphas.push_back(percent / 100.0);
    shares.push_back(winAndTieRate(comparisons, percent / 100.0));
  }
  Json result = {{"alpha", alphas},
                 {"c_alpha", shares},
                 {"benchmarks", names},
                 {"left_out", leftOut},
                 {"alpha_star", nullptr},
                 {"alpha_star_interval", nullptr},
                 {"c_0", nullptr},
                 {"c_0_interval", nullptr},
                 {"lossless", nullptr},
                 {"generation", asJson(generated)},
                 {"likelihood", asJson(scored)}};
  if (comparisons.empty())
    return result;
  if (texts.empty())
    result.update(asJson(counted));
  result["alpha_star"] = alphaStar(comparisons);
  result["c_0"] = winAndTieRate(comparisons, 0);
  result["lossless"] = winAndTieRate(comparisons, 0) >= 0.5;
  return result;
}

static void addStudent(Json &summary, const ModelResults &teacher, const ModelResults &student,
                       const std::vector<Task> &tasks, bool countText) {
  std::vector<TaskOutcomes> outcomes;
  for (const Task &task : tasks)
    outcomes.push_back({task.name, task.kind != TaskKind::MultipleChoice, task.chance(), rightItems(teacher, task),
                        rightItems(student, task)});
  std::vector<Comparison> texts;
  if (countText)
    for (const auto &[domain, result] : teacher.domains.items())
      texts.push_back(compareText(domain, teacher, student));
  addRecovery(summary, teacher, student, outcomes);
  summary["c_alpha"][student.name] = winAndTieCurve(outcomes, texts);
  summary["agreement"][student.name] = student.agreement;
}

/// What teacher and student answered to the first items of a task, beside each other.
static Json answersOf(const ModelResults &teacher, const ModelResults &student, const Task &task) {
  constexpr size_t shown = 3;
  Json answers = Json::array();
  for (size_t i = 0; i < std::min(shown, task.items.size()); ++i) {
    auto output = [&](const ModelResults &model) { return model.tasks.at(task.name).at("samples").at(i); };
    answers.push_back({{"prompt", task.items[i].prompt},
                       {"target", task.items[i].answer},
                       {"teacher", output(teacher).at("output")},
                       {"student", output(student).at("output")},
                       {"teacher_right", output(teacher).at("correct")},
                       {"student_right", output(student).at("correct")}});
  }
  return answers;
}

static Json settingsOf(const EvaluationSettings &settings, const ModelResults &first, const std::vector<Task> &tasks) {
  Json result = {{"teacher", settings.teacher},
                 {"student", settings.student},
                 {"piece_tokens", settings.pieceTokens},
                 {"token_limit", settings.tokenLimit},
                 {"gate_tokens", settings.gateTokens},
                 {"counted", settings.countText ? "tasks and text" : "tasks"},
                 {"domains", Json::object()},
                 {"tasks", Json::object()}};
  for (const auto &[domain, measured] : first.domains.items()) {
    result["domains"][domain] = {
        {"tokens", measured.at("tokens")}, {"bytes", measured.at("bytes")}, {"rows", measured.at("row_nats").size()}};
    if (auto split = settings.splits.find(domain); split != settings.splits.end())
      result["domains"][domain]["split"] = split->second;
  }
  for (const Task &task : tasks)
    result["tasks"][task.name] = {{"items", task.items.size()},
                                  {"all_items", task.allItems},
                                  {"metric", task.metric()},
                                  {"kind", task.kind == TaskKind::MultipleChoice ? "likelihood" : "generation"},
                                  {"chance", task.chance()}};
  return result;
}

Json summarize(const std::vector<ModelResults> &models, const std::vector<Task> &tasks,
               const EvaluationSettings &settings) {
  Json summary = {{"models", Json::object()}, {"recovery", Json::object()},        {"c_alpha", Json::object()},
                  {"alpha_star", nullptr},    {"standard_errors", Json::object()}, {"gates", Json::object()},
                  {"sizes", Json::object()},  {"settings", Json::object()}};
  const ModelResults *teacher = nullptr;
  for (const ModelResults &model : models) {
    summary["models"][model.name] = modelScores(model);
    for (const auto &[task, result] : model.tasks.items())
      summary["standard_errors"][model.name][task] = result.at("standard_errors");
    if (!model.gates.empty())
      summary["gates"][model.name] = model.gates;
    summary["sizes"][model.name] = model.size;
    if (model.name == settings.teacher)
      teacher = &model;
  }
  if (!models.empty())
    summary["settings"] = settingsOf(settings, models.front(), tasks);
  if (!teacher)
    return summary;
  const ModelResults *student = nullptr;
  for (const ModelResults &model : models) {
    if (&model == teacher)
      continue;
    addStudent(summary, *teacher, model, tasks, settings.countText);
    if (!student || student->name != settings.student)
      student = &model;
  }
  if (!student)
    return summary;
  summary["alpha_star"] = summary["c_alpha"][student->name]["alpha_star"];
  summary["answers"] = Json::object();
  for (const Task &task : tasks)
    if (task.kind != TaskKind::MultipleChoice)
      summary["answers"][task.name] = answersOf(*teacher, *student, task);
  return summary;
}

} // namespace xlstm
