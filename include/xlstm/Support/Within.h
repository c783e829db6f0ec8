//===- Within.h - the range of a number on the command line ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_WITHIN_H
#define XLSTM_SUPPORT_WITHIN_H

#include <CLI/CLI.hpp>

namespace xlstm {

/// A check for numbers in [least, most] that --help does not spell out. Unlike CLI::Range it refuses nan.
template <typename Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Validator(
      [least, most](std::string &text) {
        Number value;
        if (CLI::detail::lexical_cast(text, value) && value >= least && value <= most)
          return std::string();
        return "expected a number from " + CLI::detail::to_string(least) + " to " + CLI::detail::to_string(most) +
               ", found " + text;
      },
      "");
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_WITHIN_H
