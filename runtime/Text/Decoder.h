//===- Decoder.h - tokens to text -----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_DECODER_H
#define XLSTM_RUNTIME_TEXT_DECODER_H

#include "runtime/Text/JsonFields.h"
#include "runtime/Text/Regex.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <functional>
#include <memory>

namespace xlstm::text {

/// One step of a decoder: takes the tokens in turn and gives tokens on.
class DecoderStep {
public:
  using State = StreamDecoder::State;
  using Next = std::function<void(std::string_view)>;

  virtual ~DecoderStep() = default;
  virtual void take(std::string_view token, State &state, const Next &next) const = 0;
  /// After the last token: gives on what it kept.
  virtual void finish(State &, const Next &) const {}
};

/// The decoder of a tokenizer.json: ByteLevel alone; or Replace, ByteFallback, Metaspace, Fuse, Strip and Sequences of
/// them, or none, which joins tokens by spaces. Text comes out as soon as no token to come can change it.
class Decoder {
public:
  Decoder(const Node &node, bool byteLevel);

  /// The text that comes out with this token (in a byte-level vocabulary: bytes). `states` is empty at first.
  std::string take(std::string_view token, std::vector<StreamDecoder::State> &states) const;
  /// What was kept at the end.
  std::string finish(std::vector<StreamDecoder::State> &states) const;
  /// What a token stands for amid others: "▁a" is " a", "<0x0A>" a byte.
  std::string bytesOf(std::string_view token) const;

private:
  void add(const Node &node);
  /// Hands a token to step n, and what that gives to those behind it; what the last gives is appended to `out`.
  void pass(size_t n, std::string_view token, std::vector<StreamDecoder::State> &states, std::string &out) const;

  std::vector<std::unique_ptr<DecoderStep>> steps;
  /// Behind Fuse all tokens are parts of one.
  bool fused = false, usesBytes = false;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_DECODER_H
