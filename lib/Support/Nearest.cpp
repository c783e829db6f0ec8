//===- Nearest.cpp - what a mistyped word was meant to be -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Support/Nearest.h"

#include <algorithm>
#include <cctype>

namespace xlstm {

static std::string plain(const std::string &word) {
  std::string text;
  for (char c : word)
    text += c == '-' ? '_' : char(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Edits from `a` to `b`: letters changed, missing, too many, or two neighbours exchanged (optimal string alignment).
static size_t distance(const std::string &a, const std::string &b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i)
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string nearest(const std::string &word, const std::vector<std::string> &known) {
  constexpr size_t longest = 64; // what is longer is no mistyped word
  std::string found, wanted = plain(word);
  if (wanted.size() > longest)
    return found;
  size_t least = wanted.size() / 3 + 1;
  for (const std::string &candidate : known) {
    std::string name = plain(candidate);
    bool begins = wanted.size() >= 3 && name.starts_with(wanted);
    size_t edits = begins ? 0 : distance(wanted, name);
    if (edits < least) {
      least = edits;
      found = candidate;
    }
  }
  return found;
}

std::string didYouMean(const std::string &word, const std::vector<std::string> &known) {
  std::string found = nearest(word, known);
  return found.empty() ? "" : "; did you mean '" + found + "'?";
}

} // namespace xlstm
