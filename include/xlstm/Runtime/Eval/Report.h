//===- Report.h - report.html out of a run's folder -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_REPORT_H
#define XLSTM_RUNTIME_EVAL_REPORT_H

#include <filesystem>
#include <string>

namespace xlstm {

/// The page that tells what a run did and how much of the teacher survived: one HTML file with its pictures inside, no
/// script, nothing fetched. Reads run/eval/results.json and, where they are there, the settings, the logs of the stages
/// and the sizes of what was written (docs/RunFolder.md). Throws Error when there are no results.
std::string renderReport(const std::filesystem::path &run);

/// Writes it to run/eval/report.html.
void writeReport(const std::filesystem::path &run);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_REPORT_H
