//===- TaskView.cpp - tasks, needles and answers for the page -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportView.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"
#include "xlstm/Runtime/Eval/Tasks.h"

#include <charconv>
#include <limits>
#include <set>

namespace xlstm {

static constexpr double missing = std::numeric_limits<double>::quiet_NaN();

using Column = std::pair<std::string, std::string>; // task, metric

static std::optional<double> errorOf(const ReportData &data, const std::string &model, const Column &column) {
  const Json &error = data.at({"standard_errors", model, column.first, column.second});
  return error.is_number() ? std::optional(error.get<double>()) : std::nullopt;
}

static BarChart taskChart(const ReportData &data, const Json &tasks) {
  BarChart chart{"Share of items answered right, a task and model", {}, {}, "% right", 0};
  for (const auto &[task, about] : tasks.items())
    chart.groups.push_back(task);
  for (const std::string &model : data.models) {
    BarChart::Series series{model, colorOf(data, model), {}, {}};
    for (const auto &[task, about] : tasks.items()) {
      std::string metric = about.at("metric");
      std::optional<double> score = data.taskScore(model, task, metric);
      series.values.push_back(score ? 100 * *score : missing);
      series.errors.push_back(score ? 100 * errorOf(data, model, {task, metric}).value_or(0) : 0);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// The lengths of a task's needles that are told apart by depth.
static std::set<int64_t> needleLengths(const Json &metrics) {
  constexpr std::string_view prefix = "exact_match_";
  std::set<int64_t> lengths;
  for (const auto &[name, value] : metrics.items()) {
    int64_t length = 0;
    bool isByDepth = name.starts_with(prefix) && name.find("_depth_") != name.npos;
    if (isByDepth && std::from_chars(name.data() + prefix.size(), name.data() + name.size(), length).ec == std::errc())
      lengths.insert(length);
  }
  return lengths;
}

/// Needles by length and depth: a picture of the teacher, one of the student.
static Json needleMaps(const ReportData &data, const Json &tasks) {
  Json maps = Json::array();
  for (const auto &[task, about] : tasks.items())
    for (const std::string &model : {data.teacher, data.student}) {
      HeatMap map{"Needles of " + task + " that " + model + " found", "", model + ", by depth", {}, {}, "none", "all"};
      for (int64_t length : needleLengths(data.at({"models", model, "tasks", task}))) {
        map.rowNames.push_back(std::to_string(length));
        map.rows.emplace_back();
        for (int band = 0; band < depthBands; ++band)
          map.rows.back().push_back(data.taskScore(model, task, needleMetric(length, band)).value_or(missing));
      }
      if (std::string drawing = drawHeatMap(map); !drawing.empty())
        maps.push_back(drawing);
    }
  return maps;
}

Json taskView(const ReportData &data) {
  const Json &tasks = data.results.at("settings").at("tasks");
  if (tasks.empty())
    return nullptr;
  Json head = Json::array({"model"}), rows = Json::array();
  std::vector<Column> columns;
  std::string chance;
  for (const auto &[task, about] : tasks.items()) {
    for (const auto &[metric, value] : data.results.at("models").at(data.models.front()).at("tasks").at(task).items()) {
      if (metric.find("_depth_") != metric.npos) // the pictures show these
        continue;
      columns.emplace_back(task, metric);
      head.push_back(cellView(task, metric + ", n = " + grouped(about.at("items"))));
    }
    if (data.at({"c_alpha", data.student, "left_out", task}).is_string())
      chance += (chance.empty() ? "" : ", ") + task + " (chance " + fixedNumber(about.at("chance"), 2) + ")";
  }
  for (const std::string &model : data.models) {
    Json row = Json::array({modelView(data, model)});
    for (const Column &column : columns) {
      std::optional<double> score = data.taskScore(model, column.first, column.second),
                            error = errorOf(data, model, column);
      row.push_back(cellView(numberText(score, 3), error ? "± " + fixedNumber(*error, 3) : ""));
    }
    rows.push_back(row);
  }
  return {{"chance", chance},
          {"chart", drawBars(taskChart(data, tasks))},
          {"table", tableView(head, rows, mainRow(data, data.models))},
          {"needles", needleMaps(data, tasks)}};
}

/// The end of a long prompt, from the start of a character on.
static std::string endOf(const std::string &text, size_t most) {
  if (text.size() <= most)
    return text;
  size_t from = text.size() - most;
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80)
    ++from;
  return "… " + text.substr(from);
}

Json answersView(const ReportData &data) {
  Json view = Json::array();
  const Json &answers = data.at({"answers"});
  for (const auto &[task, items] : answers.items())
    for (const Json &item : items) {
      auto mark = [&](const char *key) { return item.at(key).get<bool>() ? "right" : "wrong"; };
      view.push_back({{"task", task},
                      {"prompt", endOf(item.at("prompt"), 600)},
                      {"target", item.at("target")},
                      {"teacher", item.at("teacher")},
                      {"student", item.at("student")},
                      {"teacher_mark", mark("teacher_right")},
                      {"student_mark", mark("student_right")}});
    }
  return view;
}

} // namespace xlstm
