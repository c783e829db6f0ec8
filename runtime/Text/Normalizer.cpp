//===- Normalizer.cpp - a text as the model saw texts ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/Normalizer.h"

#include "runtime/Text/Unicode.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::text;

void Rewrite::put(std::string_view characters, size_t place) {
  made.text += characters;
  if (place < old.atStart)
    made.atStart += characters.size();
}

void Rewrite::replaceNext(std::string_view characters) {
  put(characters, at);
  skipNext();
}

void Rewrite::skipNext() {
  if (at < old.text.size())
    at += firstCharacter(std::string_view(old.text).substr(at)).length;
}

namespace {

class Form : public NormalizerStep {
public:
  explicit Form(std::string (*form)(std::string_view)) : form(form) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override {
    Normalized made{form(piece.text)};
    if (piece.atStart)
      made.atStart = std::min(form(std::string_view(piece.text).substr(0, piece.atStart)).size(), made.text.size());
    return made;
  }

private:
  std::string (*form)(std::string_view);
};

/// A step that looks at one character after the other.
class EachCharacter : public NormalizerStep {
public:
  /// Appends what becomes of a character; nothing removes it.
  using Map = void (*)(int32_t code, std::string_view character, std::string &out);
  explicit EachCharacter(Map map) : map(map) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override {
    Rewrite rewrite(piece);
    std::string made;
    for (std::string_view rest = piece.text; !rest.empty();) {
      Character next = firstCharacter(rest);
      made.clear();
      map(next.code, rest.substr(0, next.length), made);
      if (made.empty())
        rewrite.skipNext();
      else
        rewrite.replaceNext(made);
      rest.remove_prefix(next.length);
    }
    return rewrite.take();
  }

private:
  Map map;
};

void lower(int32_t code, std::string_view, std::string &out) {
  appendUtf8(out, toLower(code));
  if (code == 0x130) // the one letter that becomes two characters
    appendUtf8(out, 0x307);
}

void withoutAccents(int32_t code, std::string_view character, std::string &out) {
  if (!isMark(code))
    out += character;
}

/// SentencePiece's nmt rules.
void nmt(int32_t code, std::string_view character, std::string &out) {
  bool control = (code >= 1 && code <= 8) || code == 0xB || (code >= 0xE && code <= 0x1F) || code == 0x7F ||
                 code == 0x8F || code == 0x9F;
  bool space = code == 9 || code == 0xA || code == 0xC || code == 0xD || code == 0x1680 ||
               (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 ||
               code == 0xFEFF || code == 0xFFFD;
  if (!control)
    out += space ? std::string_view(" ") : character;
}

class Strip : public NormalizerStep {
public:
  Strip(bool left, bool right) : left(left), right(right) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override {
    std::string_view text = piece.text;
    size_t begin = left ? spaceAtStart(text) : 0;
    text.remove_prefix(begin);
    if (right)
      text.remove_suffix(spaceAtEnd(text));
    return {std::string(text), piece.atStart > begin ? std::min(piece.atStart - begin, text.size()) : 0};
  }

private:
  bool left, right;
};

class Prepend : public NormalizerStep {
public:
  explicit Prepend(std::string sign) : sign(std::move(sign)) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override {
    return {sign + piece.text, piece.atStart ? piece.atStart + sign.size() : 0};
  }

private:
  std::string sign;
};

class ReplaceText : public NormalizerStep {
public:
  ReplaceText(std::string from, std::string to) : from(std::move(from)), to(std::move(to)) {}
  Normalized apply(const Normalized &piece, RegexScratch &) const override {
    Rewrite rewrite(piece);
    const std::string &text = piece.text;
    size_t covered = 0;
    auto copy = [&](size_t end) {
      for (; covered < end; ++covered)
        rewrite.put({&text[covered], 1}, covered);
    };
    for (size_t at; (at = text.find(from, covered)) != text.npos; covered = at + from.size()) {
      copy(at);
      rewrite.put(to, at + from.size() - 1);
    }
    copy(text.size());
    return rewrite.take();
  }

private:
  std::string from, to;
};

class ReplaceRegex : public NormalizerStep {
public:
  ReplaceRegex(const std::string &pattern, const std::string &place, std::string to)
      : regex(pattern, place), to(std::move(to)) {}
  Normalized apply(const Normalized &piece, RegexScratch &scratch) const override {
    std::vector<Part> parts;
    regex.cut(piece.text, scratch, parts);
    Rewrite rewrite(piece);
    for (const Part &part : parts) {
      if (part.isMatch)
        rewrite.put(to, part.end ? part.end - 1 : 0);
      for (size_t at = part.begin; !part.isMatch && at < part.end; ++at)
        rewrite.put({&piece.text[at], 1}, at);
    }
    return rewrite.take();
  }

private:
  Regex regex;
  std::string to;
};

std::unique_ptr<NormalizerStep> readReplace(const Node &node) {
  const std::string &to = node.member("content").string();
  Node pattern = node.member("pattern"), regex = pattern.member("Regex");
  if (!regex.isNull())
    return std::make_unique<ReplaceRegex>(regex.string(), regex.where(), to);
  const std::string &from = pattern.member("String").string();
  if (from.empty())
    pattern.complain("expected a string that is not empty");
  return std::make_unique<ReplaceText>(from, to);
}

} // namespace

void Normalizer::add(const Node &node) {
  if (node.isNull())
    return;
  const std::string &type = node.member("type").string();
  if (type == "Sequence") {
    Node inner = node.member("normalizers");
    for (size_t n = 0; n < inner.array().size(); ++n)
      add(inner.element(n));
    return;
  }
  for (auto [name, form] : {std::pair("NFC", &toNfc), {"NFD", &toNfd}, {"NFKC", &toNfkc}, {"NFKD", &toNfkd}})
    if (type == name)
      return steps.push_back(std::make_unique<Form>(form));
  onlyComposes = false;
  if (type == "Lowercase")
    steps.push_back(std::make_unique<EachCharacter>(lower));
  else if (type == "StripAccents")
    steps.push_back(std::make_unique<EachCharacter>(withoutAccents));
  else if (type == "Nmt")
    steps.push_back(std::make_unique<EachCharacter>(nmt));
  else if (type == "Strip")
    steps.push_back(std::make_unique<Strip>(node.member("strip_left").boolean(), node.member("strip_right").boolean()));
  else if (type == "Prepend")
    steps.push_back(std::make_unique<Prepend>(node.member("prepend").string()));
  else if (type == "Replace")
    steps.push_back(readReplace(node));
  else if (type == "Precompiled")
    steps.push_back(readCharsmap(node));
  else
    node.refuse("the normalizer ", quote(type), " is not supported");
}

bool Normalizer::keeps(std::string_view text) const { return steps.empty() || (onlyComposes && isAscii(text)); }

Normalized Normalizer::apply(std::string_view text, size_t atStart, RegexScratch &scratch) const {
  Normalized piece{std::string(text), atStart};
  for (const auto &step : steps)
    if (!piece.text.empty())
      piece = step->apply(piece, scratch);
  return piece;
}
