//===- Tokenizer.h - tokenizers out of tokenizer.json ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_TOKENIZER_H
#define XLSTM_RUNTIME_TEXT_TOKENIZER_H

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

class Tokenizer;

/// Decodes a stream of tokens to text that never ends in half a character, and never in what a token to come may
/// change.
class StreamDecoder {
public:
  /// What a step of a decoder keeps between tokens.
  struct State {
    std::string pending;
    size_t count = 0;
  };

  StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial) : tokenizer(tokenizer), skipSpecial(skipSpecial) {}
  /// The text that became whole with this token.
  std::string next(int32_t id);
  /// What is left at the end, incomplete characters as U+FFFD.
  std::string finish();

private:
  const Tokenizer &tokenizer;
  bool skipSpecial;
  std::string pending;
  std::vector<State> states;
};

/// A tokenizer as Hugging Face's tokenizer.json describes it: byte-level BPE (GPT-2 and those after it),
/// SentencePiece's BPE with byte fallback (Llama 2), Unigram (T5, XLM-R), with the normalizers, pre-tokenizers,
/// decoders and post-processors that runtime/Text names in its headers. Ids and text are those of the PyPI package
/// `tokenizers`. Thread-safe once made.
class Tokenizer {
public:
  /// `json` is the content of a tokenizer.json, `origin` its name for errors. Throws Error for bytes that are not such
  /// a file, and text::Unsupported for a component that is not known, naming it.
  static Tokenizer parse(std::string_view json, const std::string &origin);
  static Tokenizer load(const std::string &path);
  Tokenizer(Tokenizer &&) noexcept;
  Tokenizer &operator=(Tokenizer &&) noexcept;
  ~Tokenizer();

  /// Token ids of UTF-8 text. Special tokens in the text are recognised; with `addSpecial` the post-processor's
  /// template (such as a leading bos) is applied. Throws Error on invalid UTF-8.
  std::vector<int32_t> encode(std::string_view text, bool addSpecial) const;
  /// Text of tokens; invalid UTF-8 becomes U+FFFD as in the package. Ids without a token are left out.
  std::string decode(std::span<const int32_t> ids, bool skipSpecial) const;
  /// The bytes that a token stands for amid others (a special token: its content); empty for an id without a token.
  std::string tokenBytes(int32_t id) const;
  std::optional<int32_t> idOf(std::string_view token) const;
  bool isSpecial(int32_t id) const;
  /// One more than the largest id.
  int32_t vocabSize() const;
  /// What the post-processor puts before and behind a text; encodeText() applies it.
  std::span<const int32_t> before() const;
  std::span<const int32_t> after() const;

private:
  friend class StreamDecoder;
  std::string decodeNext(int32_t id, std::vector<StreamDecoder::State> &states) const;
  std::string decodeRest(std::vector<StreamDecoder::State> &states) const;

  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TEXT_TOKENIZER_H
