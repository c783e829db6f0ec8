//===- Report.cpp - report.html out of a run's folder ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Report.h"

#include "runtime/Eval/ReportPage.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

std::string htmlTable(const std::vector<std::string> &head, const std::vector<std::vector<std::string>> &rows,
                      size_t mainRow) {
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (const std::string &cell : head)
    html += "<th>" + cell + "</th>";
  html += "</tr></thead><tbody>\n";
  for (size_t r = 0; r < rows.size(); ++r) {
    html += r == mainRow ? "<tr class=\"main\">" : "<tr>";
    for (const std::string &cell : rows[r])
      html += "<td>" + cell + "</td>";
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string htmlFigure(const std::string &drawing, const std::string &caption) {
  if (drawing.empty())
    return "";
  return "<figure>" + drawing + "<figcaption>" + escapeHtml(caption) + "</figcaption></figure>\n";
}

size_t colorOf(const ReportData &data, const std::string &model) {
  auto found = std::find(data.models.begin(), data.models.end(), model);
  return size_t(found - data.models.begin());
}

std::string htmlModel(const ReportData &data, const std::string &model) {
  return "<span class=\"swatch " + seriesClass(colorOf(data, model)) + "\"></span>" + escapeHtml(model);
}

std::string htmlNumber(const std::optional<double> &value, int digits) {
  return value ? fixedNumber(*value, digits) : "–";
}

std::string htmlPercent(const std::optional<double> &share, int digits, bool sign) {
  return share ? percent(*share, digits, sign) : "–";
}

std::string htmlBegin(const std::string &title) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>" +
         escapeHtml(title) + "</title>\n<style>" + reportStyleSheet() + "</style>\n</head>\n<body>\n<main>\n";
}

std::string renderReport(const fs::path &run) {
  ReportData data = readReportData(run);
  std::string title = "How much of the teacher survived: " + data.runName;
  std::string html = htmlBegin(title);
  try {
    for (auto section : {summarySection, methodSection, textSection, taskSection, recoverySection, headSection,
                         alignmentSection, trainingSection, gateSection, sizeSection, recipeSection})
      html += section(data);
  } catch (const Json::exception &error) {
    fail((run / "eval" / "results.json").string(), ": does not have the expected fields: ", error.what());
  }
  return html + htmlEnd;
}

void writeReport(const fs::path &run) { writeTextFile(run / "eval" / "report.html", renderReport(run)); }

} // namespace xlstm
