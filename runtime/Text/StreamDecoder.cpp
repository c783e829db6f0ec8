//===- StreamDecoder.cpp - text of tokens as they come --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

using namespace xlstm;

static constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

std::string StreamDecoder::next(int32_t id) {
  if (skipSpecial && tokenizer.isSpecial(id))
    return {};
  pending += tokenizer.decodeNext(id, states);
  std::string out;
  std::string_view rest = pending;
  while (!rest.empty()) {
    Utf8Step step = stepUtf8(rest);
    if (step.kind == Utf8Step::Cut)
      break;
    out += step.kind == Utf8Step::Whole ? rest.substr(0, step.length) : replacement;
    rest.remove_prefix(step.length);
  }
  pending = std::string(rest);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out = tokenizer.decodeRest(states);
  // What is left is the start of one character, which makes one U+FFFD.
  if (!pending.empty())
    out += replacement;
  pending.clear();
  return out;
}
