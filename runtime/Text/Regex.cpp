//===- Regex.cpp - Unicode regular expressions ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Regex.h"

#include "runtime/Text/Oniguruma/Translate.h"
#include "runtime/Text/Unicode.h"
#include "xlstm/Runtime/Text/Unsupported.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

using namespace xlstm;
using namespace xlstm::text;

struct Regex::Code {
  pcre2_code *compiled = nullptr;
  ~Code() { pcre2_code_free(compiled); }
};

struct RegexScratch::Data {
  pcre2_match_data *match = pcre2_match_data_create(1, nullptr);
  pcre2_match_context *context = pcre2_match_context_create(nullptr);
  pcre2_jit_stack *stack = pcre2_jit_stack_create(32 * 1024, 8 * 1024 * 1024, nullptr);

  Data() {
    // Bounds what a pattern that backtracks without end can cost; real patterns take a few steps a character.
    pcre2_set_match_limit(context, 10'000'000);
    pcre2_set_heap_limit(context, 64 * 1024); // kilobytes
    pcre2_jit_stack_assign(context, nullptr, stack);
  }
  ~Data() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(match);
  }
};

RegexScratch::RegexScratch() : data(std::make_unique<Data>()) {}
RegexScratch::~RegexScratch() = default;

static std::string messageOf(int error) {
  PCRE2_UCHAR buffer[256];
  pcre2_get_error_message(error, buffer, sizeof buffer);
  return reinterpret_cast<const char *>(buffer);
}

Regex::Regex(const std::string &pattern, const std::string &place) : code(std::make_unique<Code>()), place(place) {
  constexpr size_t longest = size_t{1} << 17;
  if (pattern.size() > longest)
    fail(place, ": expected a regex of at most ", longest, " bytes, found ", pattern.size());
  std::string translated = translateOniguruma(pattern, place);
  int error = 0;
  PCRE2_SIZE offset = 0;
  constexpr uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  pcre2_compile_context *context = pcre2_compile_context_create(nullptr);
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  code->compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(), options, &error,
                                 &offset, context);
  pcre2_compile_context_free(context);
  if (!code->compiled) // a script that is not known, a look behind without a fixed length
    throw Unsupported(place + ": PCRE2 does not take the regex: " + messageOf(error));
  pcre2_jit_compile(code->compiled, PCRE2_JIT_COMPLETE); // where it cannot, pcre2_match interprets
}

Regex::Regex(Regex &&) noexcept = default;
Regex::~Regex() = default;

void Regex::cut(std::string_view text, RegexScratch &scratch, std::vector<Part> &parts) const {
  parts.clear();
  const size_t *range = pcre2_get_ovector_pointer(scratch.data->match);
  size_t covered = 0, from = 0;
  bool any = false;
  while (from <= text.size()) {
    int found = pcre2_match(code->compiled, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                            PCRE2_NO_UTF_CHECK, scratch.data->match, scratch.data->context);
    if (found == PCRE2_ERROR_NOMATCH)
      break;
    if (found < 0)
      fail(place, ": the regex fails on the text: ", messageOf(found));
    auto [begin, end] = std::pair(range[0], range[1]);
    if (begin < covered || end < begin)
      fail(place, ": the regex matches backwards");
    if (begin == end && any && end == covered) { // an empty match right after a match does not count
      from = end + (end < text.size() ? firstCharacter(text.substr(end)).length : 1);
      continue;
    }
    if (begin > covered)
      parts.push_back({covered, begin, false});
    parts.push_back({begin, end, true});
    covered = from = end;
    any = true;
  }
  if (covered < text.size())
    parts.push_back({covered, text.size(), false});
}
