//===- PreTokenizer.cpp - text to words -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Text/PreTokenizer.h"

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

void addParts(std::string_view piece, const std::vector<Part> &parts, std::vector<std::string_view> &out) {
  for (const Part &part : parts)
    if (part.begin < part.end)
      out.push_back(piece.substr(part.begin, part.end - part.begin));
}

/// "Split" with a regex or a string.
class Split : public SplitStep {
public:
  Split(const std::string &pattern, const std::string &place, Behavior behavior, bool invert)
      : regex(pattern, place), behavior(behavior), invert(invert) {}

  void split(std::string_view piece, SplitScratch &scratch, std::vector<std::string_view> &out) const override {
    regex.cut(piece, scratch.regex, scratch.parts);
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

/// "Digits": characters of category N, each alone or in runs.
class Digits : public SplitStep {
public:
  explicit Digits(bool individual) : individual(individual) {}

  void split(std::string_view piece, SplitScratch &, std::vector<std::string_view> &out) const override {
    size_t start = 0;
    bool before = false;
    for (size_t at = 0; at < piece.size();) {
      Character next = firstCharacter(piece.substr(at));
      bool digit = isNumeric(next.code);
      if (at > start && (digit != before || (digit && individual))) {
        out.push_back(piece.substr(start, at - start));
        start = at;
      }
      before = digit;
      at += next.length;
    }
    if (start < piece.size())
      out.push_back(piece.substr(start));
  }

private:
  bool individual;
};

/// The part of "ByteLevel" that cuts: a space put before the piece, GPT-2's regex.
class ByteLevel : public SplitStep {
public:
  ByteLevel(bool addSpace, bool useRegex, const std::string &place)
      : addSpace(addSpace), useRegex(useRegex), regex(pattern, place) {}

  void split(std::string_view piece, SplitScratch &scratch, std::vector<std::string_view> &out) const override {
    if (addSpace && !piece.starts_with(' '))
      piece = scratch.made.emplace_back(" " + std::string(piece));
    if (!useRegex) {
      out.push_back(piece);
      return;
    }
    regex.cut(piece, scratch.regex, scratch.parts);
    addParts(piece, scratch.parts, out);
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

PreTokenizer::PreTokenizer(const Node &node) {
  if (node.isNull())
    node.complain("expected a byte-level pre-tokenizer, found none");
  addStep(node);
  if (!byteLevel)
    node.complain("expected a ByteLevel step: only byte-level tokenizers are supported");
}

void PreTokenizer::addStep(const Node &node) {
  const std::string &type = node.member("type").string();
  if (type == "Sequence") {
    Node inner = node.member("pretokenizers");
    for (size_t n = 0; n < inner.array().size(); ++n)
      addStep(inner.element(n));
    return;
  }
  if (byteLevel)
    node.complain("expected no step after ByteLevel, found ", quote(type));
  if (type == "Digits") {
    steps.push_back(std::make_unique<Digits>(node.member("individual_digits").boolean(false)));
  } else if (type == "ByteLevel") {
    steps.push_back(std::make_unique<ByteLevel>(node.member("add_prefix_space").boolean(true),
                                                node.member("use_regex").boolean(true), "ByteLevel"));
    byteLevel = true;
  } else if (type == "Split") {
    Node pattern = node.member("pattern"), regex = pattern.member("Regex");
    std::string source = regex.isNull() ? escape(pattern.member("String").string()) : regex.string();
    steps.push_back(std::make_unique<Split>(source, pattern.where(), readBehavior(node.member("behavior")),
                                            node.member("invert").boolean(false)));
  } else {
    node.complain("the pre-tokenizer ", quote(type), " is not supported");
  }
}

const std::vector<std::string_view> &PreTokenizer::split(std::string_view piece, SplitScratch &scratch) const {
  scratch.made.clear();
  scratch.pieces.assign(1, piece);
  for (const auto &step : steps) {
    scratch.next.clear();
    for (std::string_view part : scratch.pieces)
      step->split(part, scratch, scratch.next);
    std::swap(scratch.pieces, scratch.next);
  }
  return scratch.pieces;
}
