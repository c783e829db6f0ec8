//===- Count.h - how often a text contains another ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_TRANSFORMS_COUNT_H
#define TEST_UNIT_TRANSFORMS_COUNT_H

#include <string>

namespace xlstm {

inline int count(const std::string &text, const std::string &part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

} // namespace xlstm

#endif // TEST_UNIT_TRANSFORMS_COUNT_H
