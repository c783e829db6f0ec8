//===- ReportPage.h - the parts that report.html is made of ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_REPORTPAGE_H
#define XLSTM_RUNTIME_EVAL_REPORTPAGE_H

#include "runtime/Eval/ReportData.h"

namespace xlstm {

const char *reportStyleSheet();

/// A page up to its first heading (`title` is text), and its end.
std::string htmlBegin(const std::string &title);
inline constexpr const char *htmlEnd = "</main>\n</body>\n</html>\n";

/// Cells are HTML already; the row of index `mainRow` stands out.
std::string htmlTable(const std::vector<std::string> &head, const std::vector<std::vector<std::string>> &rows,
                      size_t mainRow = size_t(-1));
/// A drawing with a caption (text). Nothing for an empty drawing.
std::string htmlFigure(const std::string &drawing, const std::string &caption);
/// The model's name behind its colour.
std::string htmlModel(const ReportData &data, const std::string &model);
/// The colour of a model in every picture.
size_t colorOf(const ReportData &data, const std::string &model);
/// "1.234", or a dash.
std::string htmlNumber(const std::optional<double> &value, int digits);
std::string htmlPercent(const std::optional<double> &share, int digits, bool sign = false);

// The page's sections, in order; each is empty where the run has nothing for it.
std::string summarySection(const ReportData &data);
std::string methodSection(const ReportData &data);
std::string textSection(const ReportData &data);
std::string taskSection(const ReportData &data);
std::string recoverySection(const ReportData &data);
std::string headSection(const ReportData &data);
std::string alignmentSection(const ReportData &data);
std::string trainingSection(const ReportData &data);
std::string gateSection(const ReportData &data);
std::string sizeSection(const ReportData &data);
std::string recipeSection(const ReportData &data);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_REPORTPAGE_H
