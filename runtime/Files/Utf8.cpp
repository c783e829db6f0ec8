//===- Utf8.cpp - which bytes are UTF-8 -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Utf8.h"

#include <cstdint>
#include <cstring>

using namespace xlstm;

Utf8Step xlstm::stepUtf8(std::string_view text) {
  if (text.empty())
    return {Utf8Step::Whole, 0};
  uint8_t first = text[0];
  if (first < 0x80)
    return {Utf8Step::Whole, 1};
  if (first < 0xC2 || first > 0xF4)
    return {Utf8Step::Invalid, 1};
  size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
  uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  for (size_t n = 1; n < length; ++n) {
    if (n == text.size())
      return {Utf8Step::Cut, n};
    uint8_t byte = text[n];
    if (byte < low || byte > high)
      return {Utf8Step::Invalid, n};
    low = 0x80, high = 0xBF;
  }
  return {Utf8Step::Whole, length};
}

size_t xlstm::validUtf8Prefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t eight;
    if (text.size() - at >= sizeof eight) { // ASCII, eight bytes at a time
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if (!(eight & 0x8080808080808080u)) {
        at += sizeof eight;
        continue;
      }
    }
    Utf8Step step = stepUtf8(text.substr(at));
    if (step.kind != Utf8Step::Whole)
      break;
    at += step.length;
  }
  return at;
}
