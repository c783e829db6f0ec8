//===- ScoreView.cpp - summary, held-out text, recovery for the page ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportView.h"
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

static const Json null;

static std::optional<double> numberOf(const Json &object, const char *key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>()) : std::nullopt;
}

static std::string counted(size_t count, const std::string &what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// "3.2 % more" or "0.4 % fewer"
static std::string moreOrFewer(double share) { return percent(std::abs(share), 1) + (share < 0 ? " fewer" : " more"); }

/// The 95 % interval of the mean excess over domains, whose texts are independent; null where one has none.
static Json meanInterval(const ReportData &data, double mean) {
  double squares = 0, n = double(data.domains().size());
  for (const std::string &domain : data.domains()) {
    const Json &interval = data.at({"text_excess_intervals", data.student, domain});
    if (!interval.is_array())
      return nullptr;
    squares += std::pow((interval[1].get<double>() - interval[0].get<double>()) / 2, 2);
  }
  return Json::array({mean - std::sqrt(squares) / n, mean + std::sqrt(squares) / n});
}

static void addText(const ReportData &data, Json &view) {
  auto above = meanOverDomains(data, [&](auto &domain) { return excess(data, data.student, domain); });
  auto baseline = meanOverDomains(data, [&](auto &domain) { return excess(data, "window-sinks", domain); });
  if (!above)
    return;
  uint64_t tokens = 0;
  for (const auto &[domain, size] : data.results.at("settings").at("domains").items())
    tokens += size.at("tokens").get<uint64_t>();
  Json interval = meanInterval(data, *above);
  view["tokens"] = grouped(tokens);
  view["domains"] = counted(data.domains().size(), "domain");
  view["above"] = percent(*above, 1, true);
  view["above_words"] = moreOrFewer(*above);
  view["above_interval"] = percentInterval(interval, 1, true);
  if (!baseline || *baseline <= 0)
    return;
  view["baseline"] = moreOrFewer(*baseline);
  view["ahead"] = *above <= 0;
  // Of the means: a mean of shares would let a domain with hardly any gap decide.
  if (*above > 0 && *above <= *baseline)
    view["closed"] = percent(1 - *above / *baseline, 0);
}

Json summaryView(const ReportData &data) {
  if (data.student.empty())
    return nullptr;
  Json view = Json::object();
  const Json &curve = data.results.at("c_alpha").at(data.student);
  if (auto star = numberOf(curve, "alpha_star")) {
    size_t tasks = curve.contains("benchmarks") ? curve["benchmarks"].size() : 0;
    view["tasks"] = tasks ? counted(tasks, "benchmark") : "the benchmarks";
    view["alpha_star"] = fixedNumber(*star, 3);
    view["alpha_percent"] = percent(*star, 1);
    view["alpha_interval"] = intervalText(curve.value("alpha_star_interval", Json()), 3);
    view["c_0"] = percentText(numberOf(curve, "c_0"), 0);
    view["c_0_interval"] = percentInterval(curve.value("c_0_interval", Json()), 0, false);
  }
  addText(data, view);
  double top1 = 0;
  const Json &agreement = data.at({"agreement", data.student});
  for (const auto &[domain, found] : agreement.items())
    top1 += found.at("top1").get<double>() / double(agreement.size());
  if (!agreement.empty())
    view["top1"] = percent(top1, 1);
  return view;
}

/// Domains that are scored on the text by which checkpoints were chosen.
static std::string chosenBy(const ReportData &data) {
  std::string text;
  for (const auto &[domain, size] : data.results.at("settings").at("domains").items())
    if (size.value("split", "") == "valid")
      text += (text.empty() ? "" : ", ") + domain;
  return text;
}

static std::string textSizes(const ReportData &data) {
  std::string text;
  for (const auto &[domain, size] : data.results.at("settings").at("domains").items())
    text += (text.empty() ? "" : ", ") + domain + " " + grouped(size.at("tokens")) + " tokens (" +
            byteSize(size.at("bytes")) + ")";
  return text;
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
      const Json &interval = relative ? data.at({"text_excess_intervals", model, domain}) : null;
      series.errors.push_back(interval.is_array() ? 50 * (interval[1].get<double>() - interval[0].get<double>()) : 0);
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// A row a model of what `cell` says of each domain.
template <typename Cell>
static Json domainTable(const ReportData &data, const std::vector<std::string> &models, const Cell &cell) {
  Json head = Json::array({"model"}), rows = Json::array();
  for (const std::string &domain : data.domains())
    head.push_back(domain);
  for (const std::string &model : models) {
    Json row = Json::array({modelView(data, model)});
    for (const std::string &domain : data.domains())
      row.push_back(cell(model, domain));
    rows.push_back(row);
  }
  return tableView(head, rows, mainRow(data, models));
}

static Json agreementTable(const ReportData &data) {
  std::vector<std::string> models;
  for (const std::string &model : data.students())
    if (!data.at({"agreement", model}).empty())
      models.push_back(model);
  if (models.empty())
    return nullptr;
  return domainTable(data, models, [&](const std::string &model, const std::string &domain) {
    const Json &found = data.at({"agreement", model, domain});
    return found.is_null() ? Json("–")
                           : cellView(percent(found.at("top1"), 1) + ", KL " + fixedNumber(found.at("kl"), 4),
                                      "± " + fixedNumber(found.at("kl_standard_error"), 4));
  });
}

Json textView(const ReportData &data) {
  if (data.domains().empty())
    return nullptr;
  Json view = {{"piece", grouped(data.results.at("settings").at("piece_tokens"))},
               {"sizes", textSizes(data)},
               {"chosen_by", chosenBy(data)},
               {"absolute", drawBars(textChart(data, false))},
               {"relative", data.students().empty() ? "" : drawBars(textChart(data, true))}};
  view["table"] = domainTable(data, data.models, [&](const std::string &model, const std::string &domain) {
    std::string small = model == data.teacher ? "" : percentText(excess(data, model, domain), 1, true);
    return cellView(numberText(data.bitsPerByte(model, domain), 4), small);
  });
  std::vector<std::string> trained = data.students();
  std::erase(trained, "window-sinks");
  if (meanOverDomains(data, [&](auto &domain) { return data.gapClosed(data.teacher, domain); }))
    view["gaps"] = domainTable(data, trained, [&](const std::string &model, const std::string &domain) {
      return Json(percentText(data.gapClosed(model, domain), 0));
    });
  view["agreement"] = agreementTable(data);
  return view;
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
  chart.yLabel = "share of tasks, Cα";
  chart.fromZero = true;
  double end = 0.1; // a little beyond where the last curve has reached all benchmarks
  for (const std::string &model : data.students()) {
    const Json &curve = data.results.at("c_alpha").at(model);
    for (size_t i = 1; i < curve.at("alpha").size(); ++i)
      if (curve.at("c_alpha")[i] != curve.at("c_alpha")[i - 1])
        end = std::max(end, std::min(1.0, std::ceil(10 * curve.at("alpha")[i].get<double>() + 0.1) / 10));
  }
  const Json &curve = data.at({"c_alpha", data.student});
  if (auto star = numberOf(curve, "alpha_star")) {
    chart.marker = *star;
    chart.markerLabel = "α* " + fixedNumber(*star, 3);
    chart.markerColor = colorOf(data, data.student);
    end = std::max(end, std::min(1.0, *star * 1.2));
    if (const Json &interval = curve.value("alpha_star_interval", Json()); interval.is_array())
      chart.band = {interval[0].get<double>(), std::min(interval[1].get<double>(), end)};
  }
  for (const std::string &model : data.students())
    chart.series.push_back({model, colorOf(data, model), stepsUpTo(data.results.at("c_alpha").at(model), end + 1e-9)});
  return chart;
}

Json recoveryView(const ReportData &data) {
  const Json &recovery = data.results.at("recovery");
  if (recovery.empty())
    return nullptr;
  Json head = Json::array({"benchmark"}), rows = Json::array();
  for (const std::string &model : data.students())
    head.push_back(modelView(data, model));
  for (const auto &[benchmark, first] : recovery.front().items()) {
    Json row = Json::array({benchmark});
    for (const std::string &model : data.students()) {
      const Json &rate = recovery.at(model).at(benchmark);
      row.push_back(cellView(rate.is_null() ? "–" : percent(rate, 1),
                             percentInterval(data.at({"recovery_intervals", model, benchmark}), 0, false)));
    }
    rows.push_back(row);
  }
  auto addRow = [&](const char *name, auto curveOf, const std::string &key) {
    Json row = Json::array({name});
    bool any = false;
    for (const std::string &model : data.students()) {
      const Json &curve = curveOf(model);
      auto value = curve.is_object() ? numberOf(curve, key.c_str()) : std::nullopt;
      any |= value.has_value();
      row.push_back(
          cellView(numberText(value, 3), value ? intervalText(curve.value(key + "_interval", Json()), 3) : ""));
    }
    if (any)
      rows.push_back(row);
  };
  auto whole = [&](const std::string &model) -> const Json & { return data.at({"c_alpha", model}); };
  addRow("α*", whole, "alpha_star");
  addRow("C₀", whole, "c_0");
  for (auto [name, kind] :
       {std::pair("α*, tasks that generate", "generation"), {"α*, tasks by likelihood", "likelihood"}})
    addRow(
        name,
        [&, kind = kind](auto &model) -> const Json & {
          return data.at({"c_alpha", model, kind});
        },
        "alpha_star");
  std::string leftOut;
  for (const auto &[task, why] : data.at({"c_alpha", data.student, "left_out"}).items())
    leftOut += (leftOut.empty() ? "" : ", ") + task;
  return {{"table", tableView(head, rows)},
          {"counted", data.results.at("settings").value("counted", std::string("benchmarks"))},
          {"left_out", leftOut},
          {"chart", drawLines(winAndTieChart(data))}};
}

} // namespace xlstm
