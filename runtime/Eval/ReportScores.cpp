//===- ReportScores.cpp - summary, bits per byte, tasks, recovery ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportPage.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xlstm {

static constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// Mean over domains of what `value` gives; nothing where it gives nothing.
template <typename Value>
static std::optional<double> meanOverDomains(const ReportData &data, const Value &value) {
  double sum = 0;
  int64_t count = 0;
  for (const std::string &domain : data.domains())
    if (std::optional<double> found = value(domain)) {
      sum += *found;
      ++count;
    }
  return count ? std::optional(sum / double(count)) : std::nullopt;
}

/// How far a model's bits per byte stand above the teacher's, as a share of them.
static std::optional<double> excess(const ReportData &data, const std::string &model, const std::string &domain) {
  std::optional<double> student = data.bitsPerByte(model, domain), teacher = data.bitsPerByte(data.teacher, domain);
  return student && teacher ? std::optional(*student / *teacher - 1) : std::nullopt;
}

static std::string card(const std::string &value, const std::string &what) {
  return "<div class=\"card\"><b>" + value + "</b><span>" + escapeHtml(what) + "</span></div>\n";
}

/// "3.2 % more" or "0.4 % fewer"
static std::string moreOrFewer(double share) { return percent(std::abs(share), 1) + (share < 0 ? " fewer" : " more"); }

static std::string leadText(const ReportData &data, const std::optional<double> &above,
                            const std::optional<double> &baselineAbove, const std::optional<double> &closed) {
  std::string text =
      "A trained transformer went in; a hybrid xLSTM student whose memory does not grow with the text came "
      "out. ";
  if (above)
    text += "On held-out text the student “" + data.student + "” needs " + moreOrFewer(*above) +
            " bits per byte than its teacher, averaged over " + std::to_string(data.domains().size()) + " domains. ";
  if (baselineAbove)
    text +=
        "The teacher with its attention merely cut to a window and sinks needs " + moreOrFewer(*baselineAbove) + ". ";
  if (closed && *closed >= 0)
    text += "Training closed " + percent(*closed, 0) + " of that gap.";
  return "<p class=\"lead\">" + escapeHtml(text) + "</p>\n";
}

std::string summarySection(const ReportData &data) {
  std::string html =
      "<h1>How much of the teacher survived</h1>\n<p class=\"note\">Run “" + escapeHtml(data.runName) + "”</p>\n";
  if (data.student.empty())
    return html;
  auto above = meanOverDomains(data, [&](auto &domain) { return excess(data, data.student, domain); });
  auto baselineAbove = meanOverDomains(data, [&](auto &domain) { return excess(data, "window-sinks", domain); });
  std::optional<double> closed; // of the means above: a mean of shares would let a domain with hardly any gap decide
  if (above && baselineAbove && *baselineAbove > 0)
    closed = 1 - *above / *baselineAbove;
  html += leadText(data, above, baselineAbove, closed) + "<div class=\"cards\">\n";
  html += card(htmlPercent(above, 1, true), "bits per byte against the teacher, mean over domains");
  if (closed)
    html += card(percent(*closed, 0), "of the untrained baseline’s mean gap closed");
  const Json &curve = data.results.at("c_alpha").at(data.student);
  html += card(fixedNumber(curve.at("alpha_star"), 3), "α*: the loss that at least half of the benchmarks stay within");
  html += card(percent(curve.at("c_0"), 0), "C₀: benchmarks on which it equals or beats the teacher");
  return html + "</div>\n";
}

static std::string boundsText(const ReportData &data) {
  const Json &settings = data.results.at("settings");
  std::string text, chosenBy;
  for (const auto &[domain, size] : settings.at("domains").items()) {
    if (size.value("split", "") == "valid")
      chosenBy += (chosenBy.empty() ? "" : ", ") + domain;
    text += (text.empty() ? "" : ", ") + domain + " " + grouped(size.at("tokens")) + " tokens (" +
            byteSize(size.at("bytes")) + ")";
  }
  if (!chosenBy.empty())
    chosenBy =
        " Scored on the valid split, by which checkpoints were chosen (the recipe names no test split): " + chosenBy +
        ".";
  return "Held-out documents, cut into pieces of " + grouped(settings.at("piece_tokens")) +
         " tokens that know nothing of each other: " + text + ". Lower is better." + chosenBy;
}

static BarChart textChart(const ReportData &data, bool relative) {
  BarChart chart;
  chart.title = relative ? "Bits per byte above the teacher in percent, a domain and student"
                         : "Bits per byte a domain and model";
  chart.groups = data.domains();
  chart.unit = relative ? "% above the teacher" : "bits per byte";
  chart.digits = relative ? 1 : 2;
  for (const std::string &model : relative ? data.students() : data.models) {
    BarChart::Series series{model, colorOf(data, model), {}, {}};
    for (const std::string &domain : data.domains()) {
      std::optional<double> value = relative ? excess(data, model, domain) : data.bitsPerByte(model, domain);
      series.values.push_back(value ? (relative ? 100 : 1) * *value : none);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

std::string textSection(const ReportData &data) {
  std::vector<std::string> domains = data.domains();
  if (domains.empty())
    return "";
  std::string html = "<h2>Held-out text</h2>\n<p>" + escapeHtml(boundsText(data)) + "</p>\n";
  html += htmlFigure(drawBars(textChart(data, false)), "Bits per byte of every model.");
  if (!data.students().empty())
    html += htmlFigure(drawBars(textChart(data, true)),
                       "The same against the teacher: the height of a bar is the gap that is left. window-sinks is the "
                       "teacher with its attention cut to a window and sinks, untrained.");
  std::vector<std::string> head = {"model"};
  for (const std::string &domain : domains)
    head.push_back(escapeHtml(domain));
  bool gaps = meanOverDomains(data, [&](auto &domain) { return data.gapClosed(data.teacher, domain); }).has_value();
  std::vector<std::vector<std::string>> rows;
  size_t mainRow = size_t(-1);
  for (const std::string &model : data.models) {
    std::vector<std::string> row = {htmlModel(data, model)};
    for (const std::string &domain : domains) {
      std::string cell = htmlNumber(data.bitsPerByte(model, domain), 4);
      if (model != data.teacher)
        cell += " <small>" + htmlPercent(excess(data, model, domain), 1, true) + "</small>";
      row.push_back(cell);
    }
    if (model == data.student)
      mainRow = rows.size();
    rows.push_back(row);
  }
  html += htmlTable(head, rows, mainRow);
  if (!gaps)
    return html;
  rows.clear();
  for (const std::string &model : data.students()) {
    if (model == "window-sinks")
      continue;
    std::vector<std::string> row = {htmlModel(data, model)};
    for (const std::string &domain : domains)
      row.push_back(htmlPercent(data.gapClosed(model, domain), 0));
    mainRow = model == data.student ? rows.size() : mainRow;
    rows.push_back(row);
  }
  return html +
         "<h3>Gap closed</h3>\n<p>Share of the way from window-sinks to the teacher: 100 % is the teacher, 0 % "
         "the untrained baseline, below 0 % is worse than it.</p>\n" +
         htmlTable(head, rows, mainRow);
}

std::string taskSection(const ReportData &data) {
  const Json &tasks = data.results.at("settings").at("tasks");
  if (tasks.empty())
    return "";
  auto error = [&](const std::string &model, const std::string &task, const std::string &metric) {
    return data.results.at("standard_errors").at(model).at(task).at(metric).get<double>();
  };
  BarChart chart;
  chart.title = "Share of items answered right, a task and model";
  chart.unit = "% right";
  chart.digits = 0;
  std::vector<std::string> head = {"model"};
  std::vector<std::pair<std::string, std::string>> columns; // task, metric
  for (const auto &[task, about] : tasks.items()) {
    chart.groups.push_back(task);
    for (const auto &[metric, value] : data.results.at("models").at(data.models.front()).at("tasks").at(task).items()) {
      columns.emplace_back(task, metric);
      head.push_back(escapeHtml(task) + "<br/><small>" + escapeHtml(metric) + ", n = " + grouped(about.at("items")) +
                     "</small>");
    }
  }
  std::vector<std::vector<std::string>> rows;
  size_t mainRow = size_t(-1);
  for (const std::string &model : data.models) {
    BarChart::Series series{model, colorOf(data, model), {}, {}};
    std::vector<std::string> row = {htmlModel(data, model)};
    for (const auto &[task, metric] : columns) {
      std::optional<double> score = data.taskScore(model, task, metric);
      row.push_back(htmlNumber(score, 3) +
                    (score ? " <small>± " + fixedNumber(error(model, task, metric), 3) + "</small>" : ""));
      if (metric == tasks.at(task).at("metric").get<std::string>()) {
        series.values.push_back(score ? 100 * *score : none);
        series.errors.push_back(score ? 100 * error(model, task, metric) : 0);
      }
    }
    if (model == data.student)
      mainRow = rows.size();
    rows.push_back(row);
    chart.series.push_back(std::move(series));
  }
  return "<h2>Tasks</h2>\n<p>Greedy answers that must match exactly (exact_match), or the likeliest of several "
         "continuations (acc: by log-likelihood; acc_norm: by log-likelihood a byte). ± is one standard error.</p>\n" +
         htmlFigure(drawBars(chart), "Items answered right, in percent, with one standard error either way.") +
         htmlTable(head, rows, mainRow);
}

/// The curve as steps, up to `end`.
static Points stepsUpTo(const Json &curve, double end) {
  Points points;
  for (size_t i = 0; i < curve.at("alpha").size(); ++i) {
    double alpha = curve.at("alpha")[i], share = curve.at("c_alpha")[i];
    if (alpha > end)
      break;
    if (!points.empty() && share != points.back().second)
      points.emplace_back(alpha, points.back().second);
    points.emplace_back(alpha, share);
  }
  return points;
}

static LineChart winAndTieChart(const ReportData &data) {
  LineChart chart;
  chart.title = "C_alpha of every student";
  chart.xLabel = "α: loss against the teacher that still counts as a tie";
  chart.yLabel = "share of benchmarks, Cα";
  chart.fromZero = true;
  double end = 0.1; // a little beyond where the last curve has reached all benchmarks
  for (const std::string &model : data.students()) {
    const Json &curve = data.results.at("c_alpha").at(model);
    for (size_t i = 1; i < curve.at("alpha").size(); ++i)
      if (curve.at("c_alpha")[i] != curve.at("c_alpha")[i - 1])
        end = std::max(end, std::min(1.0, std::ceil(10 * curve.at("alpha")[i].get<double>() + 0.1) / 10));
  }
  for (const std::string &model : data.students())
    chart.series.push_back({model, colorOf(data, model), stepsUpTo(data.results.at("c_alpha").at(model), end + 1e-9)});
  return chart;
}

std::string recoverySection(const ReportData &data) {
  const Json &recovery = data.results.at("recovery");
  if (recovery.empty())
    return "";
  std::vector<std::string> head = {"benchmark"};
  for (const std::string &model : data.students())
    head.push_back(htmlModel(data, model));
  std::vector<std::vector<std::string>> rows;
  for (const auto &[benchmark, first] : recovery.front().items()) {
    std::vector<std::string> row = {escapeHtml(benchmark)};
    for (const std::string &model : data.students()) {
      const Json &rate = recovery.at(model).at(benchmark);
      row.push_back(rate.is_null() ? "–" : percent(rate, 1));
    }
    rows.push_back(row);
  }
  for (auto [key, name] : {std::pair("alpha_star", "α*"), {"c_0", "C₀"}}) {
    std::vector<std::string> row = {"<b>" + std::string(name) + "</b>"};
    for (const std::string &model : data.students())
      row.push_back("<b>" + fixedNumber(data.results.at("c_alpha").at(model).at(key), 3) + "</b>");
    rows.push_back(row);
  }
  return "<h2>Recovery</h2>\n<p>The recovery rate of a benchmark is the student’s score over the teacher’s (for bits "
         "per "
         "byte, where lower is better, the teacher’s over the student’s): 100 % is the teacher. C<sub>α</sub> is the "
         "share of benchmarks on which the student keeps at least 1 − α of the teacher’s score; α* is the smallest α "
         "at "
         "which that is half of them. A distillation with C<sub>0</sub> ≥ 0.5 is called lossless.</p>\n" +
         htmlTable(head, rows) +
         htmlFigure(drawLines(winAndTieChart(data)),
                    "The higher the curve, the better the student; it meets 0.5 at α*.");
}

} // namespace xlstm
