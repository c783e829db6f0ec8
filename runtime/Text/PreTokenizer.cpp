//===- PreTokenizer.cpp - text to words -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/PreTokenizer.h"

#include "runtime/Text/Metaspace.h"
#include "runtime/Text/Unicode.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::text;

namespace {

enum class Behavior { Isolated, Removed, Contiguous, MergedWithPrevious, MergedWithNext };

Behavior readBehavior(const Node &node) {
  const std::string &name = node.string();
  for (auto [known, behavior] : {std::pair("Isolated", Behavior::Isolated),
                                 {"Removed", Behavior::Removed},
                                 {"Contiguous", Behavior::Contiguous},
                                 {"MergedWithPrevious", Behavior::MergedWithPrevious},
                                 {"MergedWithNext", Behavior::MergedWithNext}})
    if (name == known)
      return behavior;
  node.complain("the behavior ", quote(name), " is not known");
}

/// Joins or drops parts as the behaviours of the package's NormalizedString::split do.
void applyBehavior(Behavior behavior, std::vector<Part> &parts) {
  if (behavior == Behavior::Removed)
    std::erase_if(parts, [](const Part &part) { return part.isMatch; });
  if (behavior == Behavior::Removed || behavior == Behavior::Isolated)
    return;
  bool backwards = behavior == Behavior::MergedWithNext, previous = false;
  if (backwards)
    std::reverse(parts.begin(), parts.end());
  std::vector<Part> joined;
  for (const Part &part : parts) {
    bool joins = behavior == Behavior::Contiguous ? part.isMatch == previous : part.isMatch && !previous;
    previous = part.isMatch;
    if (!joins || joined.empty())
      joined.push_back(part);
    else if (backwards)
      joined.back().begin = part.begin;
    else
      joined.back().end = part.end;
  }
  if (backwards)
    std::reverse(joined.begin(), joined.end());
  parts = std::move(joined);
}

void addParts(const Piece &piece, const std::vector<Part> &parts, std::vector<Piece> &out) {
  for (const Part &part : parts)
    if (part.begin < part.end)
      out.push_back(piece.part(part.begin, part.end - part.begin));
}

/// The piece with a sign before it, which stands where its first character does.
Piece prepend(std::string_view sign, const Piece &piece, SplitScratch &scratch) {
  std::string &made = scratch.made.emplace_back(sign);
  made += piece.text;
  return {made, piece.atStart ? piece.atStart + sign.size() : 0};
}

/// "Split" with a regex or a string.
class Split : public SplitStep {
public:
  Split(const std::string &pattern, const std::string &place, Behavior behavior, bool invert)
      : regex(pattern, place), behavior(behavior), invert(invert) {}

  void split(const Piece &piece, SplitScratch &scratch, std::vector<Piece> &out) const override {
    regex.cut(piece.text, scratch.regex, scratch.parts);
    if (invert)
      for (Part &part : scratch.parts)
        part.isMatch = !part.isMatch;
    applyBehavior(behavior, scratch.parts);
    addParts(piece, scratch.parts, out);
  }

private:
  Regex regex;
  Behavior behavior;
  bool invert;
};

/// Cuts at characters of a kind: each alone, in runs, or left out.
class AtCharacters : public SplitStep {
public:
  AtCharacters(bool (*isKind)(int32_t), Behavior behavior) : isKind(isKind), behavior(behavior) {}

  void split(const Piece &piece, SplitScratch &scratch, std::vector<Piece> &out) const override {
    std::vector<Part> &parts = scratch.parts;
    parts.clear();
    for (size_t at = 0; at < piece.text.size();) {
      Character next = firstCharacter(piece.text.substr(at));
      bool isMatch = isKind(next.code);
      if (parts.empty() || isMatch || parts.back().isMatch)
        parts.push_back({at, at + next.length, isMatch});
      else
        parts.back().end += next.length;
      at += next.length;
    }
    applyBehavior(behavior, parts);
    addParts(piece, parts, out);
  }

private:
  bool (*isKind)(int32_t);
  Behavior behavior;
};

/// "Metaspace": a sign in place of every space, and before the first word.
class Metaspace : public SplitStep {
public:
  explicit Metaspace(const MetaspaceFields &fields) : fields(fields) {}

  void split(const Piece &piece, SplitScratch &scratch, std::vector<Piece> &out) const override {
    Piece signs = withSigns(piece, scratch);
    bool begins =
        fields.scheme == MetaspaceFields::Always || (fields.scheme == MetaspaceFields::First && piece.atStart);
    if (begins && !signs.text.starts_with(fields.sign))
      signs = prepend(fields.sign, signs, scratch);
    size_t begin = 0;
    for (size_t at; fields.split && (at = signs.text.find(fields.sign, begin + 1)) != signs.text.npos; begin = at)
      out.push_back(signs.part(begin, at - begin));
    out.push_back(signs.part(begin, signs.text.size() - begin));
  }

private:
  Piece withSigns(const Piece &piece, SplitScratch &scratch) const {
    if (piece.text.find(' ') == piece.text.npos)
      return piece;
    std::string &made = scratch.made.emplace_back();
    size_t atStart = 0;
    for (size_t at = 0; at < piece.text.size(); ++at) {
      if (piece.text[at] == ' ')
        made += fields.sign;
      else
        made += piece.text[at];
      if (at < piece.atStart)
        atStart = made.size();
    }
    return {made, atStart};
  }

  MetaspaceFields fields;
};

/// The part of "ByteLevel" that cuts: a space put before the piece, GPT-2's regex.
class ByteLevel : public SplitStep {
public:
  ByteLevel(bool addSpace, bool useRegex, const std::string &place)
      : addSpace(addSpace), useRegex(useRegex), regex(pattern, place) {}

  void split(const Piece &piece, SplitScratch &scratch, std::vector<Piece> &out) const override {
    Piece whole = addSpace && !piece.text.starts_with(' ') ? prepend(" ", piece, scratch) : piece;
    if (!useRegex) {
      out.push_back(whole);
      return;
    }
    regex.cut(whole.text, scratch.regex, scratch.parts);
    addParts(whole, scratch.parts, out);
  }

private:
  static constexpr const char *pattern =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  bool addSpace, useRegex;
  Regex regex;
};

/// A text as a regex that matches just it.
std::string escape(const std::string &literal) {
  std::string out;
  for (char c : literal) {
    if (uint8_t(c) < 0x80 && !std::isalnum(uint8_t(c)))
      out += '\\';
    out += c;
  }
  return out;
}

} // namespace

/// Calls take(step) for the steps of a pre-tokenizer, through Sequences.
template <typename Take>
static void eachStep(const Node &node, Take take) {
  if (node.isNull())
    return;
  if (node.member("type").string() != "Sequence")
    return take(node);
  Node inner = node.member("pretokenizers");
  for (size_t n = 0; n < inner.array().size(); ++n)
    eachStep(inner.element(n), take);
}

bool text::isByteLevel(const Node &preTokenizer) {
  bool found = false;
  eachStep(preTokenizer, [&](const Node &step) { found |= step.member("type").string() == "ByteLevel"; });
  return found;
}

PreTokenizer::PreTokenizer(const Node &node) {
  eachStep(node, [&](const Node &step) { add(step); });
}

void PreTokenizer::add(const Node &node) {
  const std::string &type = node.member("type").string();
  if (byteLevel)
    node.refuse("expected no step after ByteLevel, found ", quote(type));
  byteLevel = type == "ByteLevel";
  steps.push_back(read(type, node));
}

std::unique_ptr<SplitStep> PreTokenizer::read(const std::string &type, const Node &node) {
  if (type == "Digits")
    return std::make_unique<AtCharacters>(
        isNumeric, node.member("individual_digits").boolean(false) ? Behavior::Isolated : Behavior::Contiguous);
  if (type == "ByteLevel")
    return std::make_unique<ByteLevel>(node.member("add_prefix_space").boolean(true),
                                       node.member("use_regex").boolean(true), "ByteLevel");
  if (type == "Metaspace")
    return std::make_unique<Metaspace>(MetaspaceFields(node));
  if (type == "WhitespaceSplit")
    return std::make_unique<AtCharacters>(isSpace, Behavior::Removed);
  if (type == "Whitespace") // the package's own regex, whose \w has the joiners
    return std::make_unique<Split>("[\\w\\x{200C}\\x{200D}]+|[^\\w\\s\\x{200C}\\x{200D}]+", node.where(),
                                   Behavior::Removed, true);
  if (type == "Punctuation") {
    Node behavior = node.member("behavior");
    return std::make_unique<AtCharacters>(isPunctuation,
                                          behavior.isNull() ? Behavior::Isolated : readBehavior(behavior));
  }
  if (type == "CharDelimiterSplit")
    return std::make_unique<Split>(escape(node.member("delimiter").string()), node.where(), Behavior::Removed, false);
  if (type == "Split") {
    Node pattern = node.member("pattern"), regex = pattern.member("Regex");
    std::string source = regex.isNull() ? escape(pattern.member("String").string()) : regex.string();
    return std::make_unique<Split>(source, pattern.where(), readBehavior(node.member("behavior")),
                                   node.member("invert").boolean(false));
  }
  node.refuse("the pre-tokenizer ", quote(type), " is not supported");
}

const std::vector<Piece> &PreTokenizer::split(const Piece &piece, SplitScratch &scratch) const {
  scratch.made.clear();
  scratch.pieces.assign(1, piece);
  for (const auto &step : steps) {
    scratch.next.clear();
    for (const Piece &part : scratch.pieces)
      step->split(part, scratch, scratch.next);
    std::swap(scratch.pieces, scratch.next);
  }
  return scratch.pieces;
}
