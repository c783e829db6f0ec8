//===- ReportView.h - what the page's template is given -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Words and markup stand in Page/report.html.jinja. A view is what one of its sections shows: numbers as text, tables,
// drawings. Null where the run has nothing for it. Texts are not escaped yet: renderPage does.

#ifndef XLSTM_RUNTIME_EVAL_REPORTVIEW_H
#define XLSTM_RUNTIME_EVAL_REPORTVIEW_H

#include "runtime/Eval/ReportData.h"

namespace xlstm {

extern const char *const pageTemplate;

/// The page of a view; strings are escaped but for drawings, which the views keep under names of their own. Throws Error.
std::string renderPage(Json view);

/// A table; cells are strings or what the template's `cell` takes. The row of index `main` stands out.
Json tableView(const Json &head, const Json &rows, int64_t main = -1);
Json cellView(const std::string &text, const std::string &small);
/// Text that may be broken into lines.
Json wordsView(const std::string &text);
/// The model's name behind its colour.
Json modelView(const ReportData &data, const std::string &model);
/// The colour of a model in every picture.
size_t colorOf(const ReportData &data, const std::string &model);
/// The row of the run's student in a table that has one a model of `models`; -1 for none.
int64_t mainRow(const ReportData &data, const std::vector<std::string> &models);
/// "1.234", or a dash.
std::string numberText(const std::optional<double> &value, int digits);
std::string percentText(const std::optional<double> &share, int digits, bool sign = false);
/// "0.010 to 0.150" of a list of two; empty for null.
std::string intervalText(const Json &interval, int digits);
std::string percentInterval(const Json &interval, int digits, bool sign);

Json summaryView(const ReportData &data);
Json textView(const ReportData &data);
Json taskView(const ReportData &data);
Json answersView(const ReportData &data);
Json recoveryView(const ReportData &data);
Json headView(const Json &ranking);
std::string teacherWords(const ReportData &data);
Json modelsView(const ReportData &data);
Json alignmentView(const ReportData &data);
Json trainingView(const ReportData &data);
Json tuneView(const ReportData &data);
Json gateView(const ReportData &data);
Json sizeView(const ReportData &data);
Json speedView(const ReportData &data);
Json costView(const ReportData &data);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_REPORTVIEW_H
