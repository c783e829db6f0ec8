//===- ProgressLine.h - progress in as many columns as there are ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_LIB_SUPPORT_PROGRESSLINE_H
#define XLSTM_LIB_SUPPORT_PROGRESSLINE_H

#include <string>
#include <vector>

namespace xlstm {

/// "42 s", "12 min", "3 h 5 min".
std::string durationText(double seconds);

/// `parts` (empty ones are left out) two columns apart. When that is wider than `width` columns (0: any width), they
/// stand one column apart, then those between the first and the last go, the later ones before the earlier, then the text
/// is cut between two characters.
std::string fitLine(const std::vector<std::string> &parts, size_t width);

/// Columns of the terminal that is standard error; 0 where it is none or does not say.
size_t terminalWidth();

} // namespace xlstm

#endif // XLSTM_LIB_SUPPORT_PROGRESSLINE_H
