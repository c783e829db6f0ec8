//===- Number.h - numbers as text that gives them again -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_NUMBER_H
#define XLSTM_SUPPORT_NUMBER_H

#include <charconv>
#include <string>

namespace xlstm {

/// The shortest text that reads back as the same number, such as "0.1" or "1e-07".
inline std::string shortest(double value) {
  char text[32];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

} // namespace xlstm

#endif // XLSTM_SUPPORT_NUMBER_H
