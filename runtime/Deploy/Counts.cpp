//===- Counts.cpp - numbers of tokens on the command line ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Counts.h"
#include "xlstm/Support/Error.h"

#include <charconv>

namespace xlstm {

static constexpr int64_t most = int64_t{1} << 30;
static constexpr size_t mostCounts = 1000;

[[noreturn]] static void refuse(std::string_view part) {
  fail("expected numbers of tokens such as 512, 0-1024+256 or 64-1024*2, each from 0 to ", most, ", found '", part, "'");
}

/// Takes a number from the front of `rest`.
static int64_t takeNumber(std::string_view &rest, std::string_view part) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || number < 0 || number > most)
    refuse(part);
  rest.remove_prefix(static_cast<size_t>(end - rest.data()));
  return number;
}

static void addPart(std::string_view part, std::vector<int64_t> &counts) {
  std::string_view rest = part;
  int64_t first = takeNumber(rest, part), last = first, step = 1;
  bool multiplies = false;
  if (rest.starts_with('-')) {
    rest.remove_prefix(1);
    last = takeNumber(rest, part);
    if (rest.starts_with('+') || rest.starts_with('*')) {
      multiplies = rest.front() == '*';
      rest.remove_prefix(1);
      step = takeNumber(rest, part);
    }
  }
  if (!rest.empty() || last < first || step < (multiplies ? 2 : 1) || (multiplies && first == 0))
    refuse(part);
  for (int64_t count = first; count <= last; count = multiplies ? count * step : count + step) {
    if (counts.size() == mostCounts)
      fail("expected at most ", mostCounts, " numbers of tokens, found '", part, "'");
    counts.push_back(count);
  }
}

std::vector<int64_t> parseCounts(std::string_view text) {
  std::vector<int64_t> counts;
  for (size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1))
    addPart(text.substr(0, comma), counts);
  addPart(text, counts);
  return counts;
}

} // namespace xlstm
