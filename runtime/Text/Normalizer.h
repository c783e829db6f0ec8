//===- Normalizer.h - a text as the model saw texts -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_NORMALIZER_H
#define XLSTM_RUNTIME_TEXT_NORMALIZER_H

#include "runtime/Text/JsonFields.h"
#include "runtime/Text/Regex.h"

#include <memory>

namespace xlstm::text {

/// A piece of text, and how many of its first bytes stand for the very start of the text that is encoded: a Metaspace
/// with the scheme "first" puts its sign before a piece that begins with such bytes only.
struct Normalized {
  std::string text;
  size_t atStart = 0;
};

/// One step of a normalizer.
class NormalizerStep {
public:
  virtual ~NormalizerStep() = default;
  /// `piece` is not empty.
  virtual Normalized apply(const Normalized &piece, RegexScratch &scratch) const = 0;
};

/// The normalizer of a tokenizer.json: NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Nmt, Prepend, Replace,
/// Precompiled and Sequences of them; or none.
class Normalizer {
public:
  explicit Normalizer(const Node &node) { add(node); }

  /// True when the text stays as it is.
  bool keeps(std::string_view text) const;
  Normalized apply(std::string_view text, size_t atStart, RegexScratch &scratch) const;

private:
  void add(const Node &node);

  std::vector<std::unique_ptr<NormalizerStep>> steps;
  bool onlyComposes = true; // NFC and the like, which ASCII is closed under
};

/// "Precompiled".
std::unique_ptr<NormalizerStep> readCharsmap(const Node &node);

/// Writes a piece anew, keeping count of what stands for the start, as the package's NormalizedString::transform does:
/// new characters are laid on the old ones in turn.
class Rewrite {
public:
  explicit Rewrite(const Normalized &old) : old(old) { made.text.reserve(old.text.size() + 8); }

  /// Takes the next old character's place.
  void replaceNext(std::string_view characters);
  /// Stands where the character before does (at the start, where the first old one does).
  void insert(std::string_view characters) { put(characters, at ? at - 1 : 0); }
  /// Passes over the next old character.
  void skipNext();
  /// `characters` standing for the old byte `place`.
  void put(std::string_view characters, size_t place);
  Normalized take() { return std::move(made); }

private:
  const Normalized &old;
  size_t at = 0;
  Normalized made;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_NORMALIZER_H
