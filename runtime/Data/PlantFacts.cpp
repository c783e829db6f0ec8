//===- PlantFacts.cpp - text in which facts are told and asked for again --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/PlantFacts.h"

#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <array>
#include <map>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

/// What tells a fact, and what asks for it: name and value stand for `~` and `^`. Not the forms that `xlstm recall` and
/// the usual needles measure with.
constexpr std::array<std::string_view, 6> forms = {
    "The ~ is ^.", "~ = ^;", "* ~: see ^", "Remember that ~ stands for ^.", "[~] ^", "def ~(): return \"^\""};
constexpr size_t wordBytes = 2'000'000; // of a file, from which words are taken

bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

std::string drawFact(const std::vector<std::string> &words, DrawnNumbers &draw) {
  std::string_view form = forms[draw.below(forms.size())];
  std::string name = drawWords(words, 2, form.starts_with("def") ? "_" : " ", draw);
  bool isNumber = draw.below(5) < 2;
  std::string value =
      isNumber ? std::to_string(10'000 + draw.below(990'000)) : drawWords(words, 1 + draw.below(3), " ", draw);
  std::string fact;
  for (char c : form)
    fact += c == '~' ? name : c == '^' ? value : std::string(1, c);
  return fact;
}

/// Behind the line, or behind a word of one that is long.
size_t endOfLine(const std::string &text, size_t from) {
  constexpr size_t longLine = 400;
  size_t end = text.find('\n', from);
  if (end == text.npos || end - from > longLine)
    end = std::min(text.find(' ', from + longLine), end);
  return end == text.npos ? text.size() : end + 1;
}

/// The piece with lines between its own: a fact is told within the first three fifths, and said again behind that.
std::string plant(const std::string &piece, const std::vector<std::string> &words, int64_t facts, DrawnNumbers &draw) {
  std::multimap<size_t, std::string> placed; // by the byte that they stand before
  for (int64_t n = 0; n < facts; ++n) {
    std::string fact = drawFact(words, draw) + "\n";
    size_t told = draw.below(piece.size() * 3 / 5), least = told + piece.size() / 4;
    placed.emplace(told, fact);
    placed.emplace(least + draw.below(piece.size() - least), fact);
  }
  std::string text;
  for (size_t from = 0; from < piece.size() || !placed.empty();) {
    while (!placed.empty() && (placed.begin()->first <= from || from == piece.size())) {
      text += (text.empty() || text.ends_with('\n') ? "" : "\n") + placed.begin()->second;
      placed.erase(placed.begin());
    }
    size_t end = endOfLine(piece, from);
    text += piece.substr(from, end - from);
    from = end;
  }
  return text;
}

/// `count` pieces of a file, each as likely (Vitter's reservoir), from one reading.
class Pieces {
public:
  Pieces(size_t count, const FactOptions &options, DrawnNumbers &draw)
      : count(count), bytes(size_t(options.bytes)), draw(draw) {}

  void read(const CorpusFiles &file, std::set<std::string> &words) {
    std::string rest;
    size_t known = 0;
    forEachDocument(file, [&](Document &document) {
      if (document.text.empty())
        fail(document.origin, ": expected a text to plant facts in, found a conversation or tokens");
      if (known < wordBytes)
        addWords(document.text.substr(0, wordBytes - known), words);
      known += document.text.size();
      rest += document.text + "\n";
      size_t from = 0;
      for (size_t end = 0; (end = endOf(rest, from)); from = end)
        offer(rest.substr(from, end - from));
      rest.erase(0, from);
      return true;
    });
    if (kept.empty() && rest.size() > 1)
      offer(rest);
  }

  std::vector<std::string> kept;

private:
  /// Where a piece that begins at `from` ends, between two characters; 0: there is too little text.
  size_t endOf(const std::string &text, size_t from) const {
    size_t end = from + bytes;
    if (end >= text.size())
      return 0;
    while (end > from + 1 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;
    return end;
  }

  void offer(std::string piece) {
    ++seen;
    if (kept.size() < count)
      kept.push_back(std::move(piece));
    else if (size_t place = draw.below(seen); place < count)
      kept[place] = std::move(piece);
  }

  size_t count, bytes, seen = 0;
  DrawnNumbers &draw;
};

} // namespace

std::string drawWords(const std::vector<std::string> &words, size_t count, std::string_view between,
                      DrawnNumbers &draw) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += std::string(i ? between : "") + words[draw.below(words.size())];
  return text;
}

void addWords(const std::string &text, std::set<std::string> &words) {
  for (size_t from = 0, to = 0; from < text.size(); from = to + 1) {
    for (to = from; to < text.size() && isLetter(text[to]);)
      ++to;
    if (to - from >= 3 && to - from <= 16)
      words.insert(text.substr(from, to - from));
  }
}

std::vector<std::string> plantFacts(const std::vector<CorpusFiles> &files, const FactOptions &options) {
  DrawnNumbers draw(options.seed);
  std::set<std::string> found;
  std::vector<std::string> pieces;
  for (size_t n = 0; n < files.size(); ++n) {
    size_t total = size_t(options.documents);
    Pieces own(total * (n + 1) / files.size() - total * n / files.size(), options, draw);
    own.read(files[n], found);
    pieces.insert(pieces.end(), own.kept.begin(), own.kept.end());
  }
  if (found.size() < 50 || pieces.empty())
    fail("facts: expected text of at least 50 words, found ", found.size());
  std::vector<std::string> words(found.begin(), found.end());
  for (std::string &piece : pieces)
    piece = plant(piece, words, options.facts, draw);
  return pieces;
}

} // namespace xlstm
