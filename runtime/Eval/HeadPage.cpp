//===- HeadPage.cpp - heads.json as a page --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Eval/ReportPage.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"
#include "xlstm/Runtime/Eval/Heads.h"
#include "xlstm/Support/Error.h"

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

static std::string curveTable(const Json &ranking) {
  const Json &curve = ranking.at("curve");
  std::vector<std::string> head{"key heads", "heads"};
  for (const auto &[domain, full] : curve.back().at("bits_per_byte").items())
    head.push_back(escapeHtml(domain));
  head.insert(head.end(), {"recall", "nats a token"});
  std::vector<std::vector<std::string>> rows;
  size_t mainRow = size_t(-1);
  for (const Json &point : curve) {
    std::string keep = point.at("keep").get<std::string>();
    if (point.at("key_heads") == ranking.at("budget"))
      mainRow = rows.size();
    bool isAll = point.at("key_heads") == ranking.at("key_heads");
    std::vector<std::string> row{point.at("key_heads").dump(),
                                 "<span class=\"words\">" + escapeHtml(isAll ? "all" : keep) + "</span>"};
    for (const auto &[domain, full] : curve.back().at("bits_per_byte").items())
      row.push_back(percent(point.at("bits_per_byte").at(domain).get<double>() / full.get<double>() - 1, 1, true));
    row.push_back(fixedNumber(point.at("recall").get<double>(), 2));
    row.push_back(fixedNumber(point.at("recall_nats").get<double>(), 2));
    rows.push_back(row);
  }
  return htmlTable(head, rows, mainRow);
}

/// Recall at further lengths; nothing where none was asked for.
static std::string lengthTable(const Json &ranking) {
  if (!ranking.contains("recall_at"))
    return "";
  std::vector<std::vector<std::string>> rows;
  for (const Json &point : ranking.at("recall_at")) {
    std::vector<std::string> row{point.at("length").dump()};
    for (const char *set : {"none", "kept", "all"})
      row.push_back(fixedNumber(point.at(set).at("exact").get<double>(), 2) + " (" +
                    fixedNumber(point.at(set).at("nats").get<double>(), 2) + ")");
    rows.push_back(row);
  }
  return "<h2>Recall by length: facts found whole (nats a token)</h2>\n" +
         htmlTable({"tokens", "none kept", "chosen", "all heads"}, rows, size_t(-1));
}

/// What was chosen, and the curve that it was chosen from.
static std::string choice(const Json &ranking, const std::string &paragraph) {
  const Json &curve = ranking.at("curve");
  std::string html = paragraph + ranking.at("budget").dump() + " of " + ranking.at("key_heads").dump() +
                     " key heads: <code>" + escapeHtml(ranking.at("keep").get<std::string>()) + "</code></p>\n";
  html +=
      htmlFigure(drawLines(lossChart(curve)), "Bits per byte over the teacher, on text that did not choose. Nothing "
                                              "is trained; heads that are not kept see window and sinks alone.");
  html += htmlFigure(drawLines(recallChart(curve)), "Facts planted further back than the window and asked for again.");
  return html + curveTable(ranking) + lengthTable(ranking);
}

std::string renderHeads(const Json &ranking) {
  return htmlBegin("Heads that stay attention") + "<h1>Heads that stay attention</h1>\n" +
         choice(ranking, "<p class=\"lead\">") + htmlEnd;
}

std::string headSection(const ReportData &data) {
  if (data.heads.is_null())
    return "";
  try {
    return "<h2>Heads that stay attention</h2>\n" + choice(data.heads, "<p>Chosen before training: ");
  } catch (const Json::exception &error) {
    fail(data.runName, "/heads.json: does not have the expected fields: ", error.what());
  }
}

} // namespace xlstm
