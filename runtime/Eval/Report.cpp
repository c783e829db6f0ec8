//===- Report.cpp - report.html out of a run's folder ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Report.h"

#include "runtime/Eval/ReportView.h"
#include "runtime/Eval/Svg.h"
#include "runtime/Eval/Text.h"
#include "xlstm/Runtime/Eval/Heads.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {

Json tableView(const Json &head, const Json &rows, int64_t main) {
  return {{"head", head}, {"rows", rows}, {"main", main}};
}

Json cellView(const std::string &text, const std::string &small) { return {{"text", text}, {"small", small}}; }

Json wordsView(const std::string &text) { return {{"words", text}}; }

size_t colorOf(const ReportData &data, const std::string &model) {
  auto found = std::find(data.models.begin(), data.models.end(), model);
  return size_t(found - data.models.begin());
}

Json modelView(const ReportData &data, const std::string &model) {
  return {{"text", model}, {"swatch", seriesClass(colorOf(data, model))}};
}

int64_t mainRow(const ReportData &data, const std::vector<std::string> &models) {
  auto found = std::find(models.begin(), models.end(), data.student);
  return found == models.end() ? -1 : found - models.begin();
}

std::string numberText(const std::optional<double> &value, int digits) {
  return value ? fixedNumber(*value, digits) : "–";
}

std::string percentText(const std::optional<double> &share, int digits, bool sign) {
  return share ? percent(*share, digits, sign) : "–";
}

std::string intervalText(const Json &interval, int digits) {
  return interval.is_array() ? fixedNumber(interval.at(0), digits) + " to " + fixedNumber(interval.at(1), digits) : "";
}

std::string percentInterval(const Json &interval, int digits, bool sign) {
  return interval.is_array() ? percent(interval.at(0), digits, sign) + " to " + percent(interval.at(1), digits, sign)
                             : "";
}

/// What views call their drawings, and lists of these.
static const std::set<std::string> drawingKeys = {"absolute", "chart",  "loss", "maps",
                                                  "needles",  "recall", "svg",  "relative"};

static void escapeAll(Json &value) {
  if (value.is_object()) {
    for (auto &[key, part] : value.items())
      if (!drawingKeys.contains(key))
        escapeAll(part);
  } else if (value.is_array()) {
    for (Json &part : value)
      escapeAll(part);
  } else if (value.is_string()) {
    value = escapeHtml(value.get_ref<const std::string &>());
  }
}

std::string renderPage(Json view) {
  escapeAll(view);
  ChatOptions options;
  options.variables = std::move(view);
  return ChatTemplate::parse(pageTemplate, "report.html.jinja").render(Json::array(), options);
}

std::string renderReport(const fs::path &run) {
  ReportData data = readReportData(run);
  try {
    return renderPage({{"page", "report"},
                       {"title", "How much of the teacher survived: " + data.runName},
                       {"run", data.runName},
                       {"student", data.student},
                       {"teacher_words", teacherWords(data)},
                       {"models", modelsView(data)},
                       {"summary", summaryView(data)},
                       {"text", textView(data)},
                       {"tasks", taskView(data)},
                       {"answers", answersView(data)},
                       {"recovery", recoveryView(data)},
                       {"heads", data.heads.is_null() ? Json(nullptr) : headView(data.heads)},
                       {"alignment", alignmentView(data)},
                       {"training", trainingView(data)},
                       {"tune", tuneView(data)},
                       {"gates", gateView(data)},
                       {"sizes", sizeView(data)},
                       {"speed", speedView(data)},
                       {"cost", costView(data)},
                       {"recipe", data.recipe}});
  } catch (const Json::exception &error) {
    fail(run.string(), ": the run's files do not have the expected fields: ", error.what());
  }
}

std::string renderHeads(const Json &ranking) {
  return renderPage({{"page", "heads"}, {"title", "Heads that stay attention"}, {"heads", headView(ranking)}});
}

void writeReport(const fs::path &run) { writeTextFile(run / "eval" / "report.html", renderReport(run)); }

} // namespace xlstm
