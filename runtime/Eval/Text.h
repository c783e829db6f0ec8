//===- Text.h - numbers and characters of the report ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVAL_TEXT_H
#define XLSTM_RUNTIME_EVAL_TEXT_H

#include <cstdint>
#include <string>
#include <string_view>

namespace xlstm {

/// The text with &, <, >, " and ' as character references; control characters that HTML and XML refuse become U+FFFD.
std::string escapeHtml(std::string_view text);

/// "1.235" with 3 digits; never "-0.000".
std::string fixedNumber(double value, int digits);
/// "+1.2 %"; `sign` writes the plus.
std::string percent(double share, int digits, bool sign = false);
/// The shortest of up to six significant digits, for axes: "0.2", "1500", "2e-05".
std::string shortNumber(double value);
/// "1,000,576"
std::string grouped(uint64_t value);
/// "4.2 MB", in powers of 1000.
std::string byteSize(uint64_t bytes);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVAL_TEXT_H
