//===- HeadView.cpp - heads.json for the page -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportView.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"

namespace xlstm {

static LineChart lossChart(const Json &curve) {
  LineChart chart{"Excess bits per byte against key heads kept", "key heads kept", "% over the teacher", {}, true};
  const Json &teacher = curve.back().at("bits_per_byte");
  size_t color = 0;
  for (const auto &[domain, full] : teacher.items()) {
    LineChart::Series series{domain, color++, {}};
    series.dots = true;
    for (const Json &point : curve)
      if (point != curve.back())
        series.points.emplace_back(point.at("key_heads").get<double>(),
                                   100 * (point.at("bits_per_byte").at(domain).get<double>() / full.get<double>() - 1));
    chart.series.push_back(series);
  }
  return chart;
}

static LineChart recallChart(const Json &curve) {
  LineChart chart{
      "Share of planted facts recalled against key heads kept", "key heads kept", "facts recalled", {}, true};
  LineChart::Series kept{"kept heads", 5, {}}, teacher{"all heads", 0, {}};
  kept.dots = true;
  for (const Json &point : curve)
    if (point != curve.back()) {
      double x = point.at("key_heads").get<double>();
      kept.points.emplace_back(x, point.at("recall").get<double>());
      teacher.points.emplace_back(x, curve.back().at("recall").get<double>());
    }
  chart.series = {kept, teacher};
  return chart;
}

static Json curveTable(const Json &ranking) {
  const Json &curve = ranking.at("curve");
  Json head = Json::array({"key heads", "heads"}), rows = Json::array();
  for (const auto &[domain, full] : curve.back().at("bits_per_byte").items())
    head.push_back(domain);
  head.push_back("recall");
  head.push_back("nats a token");
  int64_t main = -1;
  for (const Json &point : curve) {
    if (point.at("key_heads") == ranking.at("budget"))
      main = int64_t(rows.size());
    bool isAll = point.at("key_heads") == ranking.at("key_heads");
    Json row =
        Json::array({point.at("key_heads").dump(), wordsView(isAll ? "all" : point.at("keep").get<std::string>())});
    for (const auto &[domain, full] : curve.back().at("bits_per_byte").items())
      row.push_back(percent(point.at("bits_per_byte").at(domain).get<double>() / full.get<double>() - 1, 1, true));
    row.push_back(fixedNumber(point.at("recall"), 2));
    row.push_back(fixedNumber(point.at("recall_nats"), 2));
    rows.push_back(row);
  }
  return tableView(head, rows, main);
}

/// Recall at further lengths; null where none was asked for.
static Json lengthTable(const Json &ranking) {
  if (!ranking.contains("recall_at"))
    return nullptr;
  Json rows = Json::array();
  for (const Json &point : ranking.at("recall_at")) {
    Json row = Json::array({point.at("length").dump()});
    for (const char *set : {"none", "kept", "all"})
      row.push_back(fixedNumber(point.at(set).at("exact"), 2) + " (" + fixedNumber(point.at(set).at("nats"), 2) + ")");
    rows.push_back(row);
  }
  return tableView(Json::array({"tokens", "none kept", "chosen", "all heads"}), rows);
}

Json headView(const Json &ranking) {
  const Json &curve = ranking.at("curve");
  return {{"budget", ranking.at("budget").dump()},
          {"all", ranking.at("key_heads").dump()},
          {"keep", ranking.at("keep")},
          {"loss", drawLines(lossChart(curve))},
          {"recall", drawLines(recallChart(curve))},
          {"table", curveTable(ranking)},
          {"lengths", lengthTable(ranking)}};
}

} // namespace xlstm
