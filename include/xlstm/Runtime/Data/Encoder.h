//===- Encoder.h - documents become the tokens of a model -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_ENCODER_H
#define XLSTM_RUNTIME_DATA_ENCODER_H

#include "xlstm/Runtime/Data/Vocabulary.h"
#include "xlstm/Runtime/Files/Documents.h"

#include <span>

namespace xlstm {

class ChatText;

/// A document in tokens. A token is learned where it may be a label; `learned` has a 0 or 1 a token, or is empty: all
/// are.
struct TokenDocument {
  std::vector<int32_t> ids;
  std::vector<uint8_t> learned;
};

/// Tokens that lie elsewhere, such as in a mapped file.
struct TokenView {
  std::span<const int32_t> ids;
  std::span<const uint8_t> learned; // as in TokenDocument
};

/// Makes tokens of a corpus's documents, each as the model reads it from its start: a text by
/// Vocabulary::encodeDocument, a conversation as the model's chat template writes it, of which what the assistant says,
/// with the token that ends it, is learned. Threads may share one.
class Encoder {
public:
  /// `modelIds`: how many ids the model has, where tokens are wanted. Throws Error as Vocabulary::load does; a template
  /// is looked at where a conversation comes.
  static Encoder load(const std::filesystem::path &modelFolder, int64_t modelIds = 0);

  /// Throws Error that begins with the document's origin: a conversation that the template refuses or for which there
  /// is none, a token that is not the model's.
  TokenDocument encode(const Document &document) const;
  /// The text alone; a conversation as the template writes it. Throws the same.
  std::string textOf(const Document &document) const;

  const Vocabulary &vocabulary() const { return words; }
  /// Another value wherever a document may become other tokens.
  const std::string &fingerprint() const { return print; }

private:
  const ChatText &chat(const Document &document) const;

  std::filesystem::path folder;
  Vocabulary words;
  int64_t modelIds = 0;
  std::shared_ptr<const ChatText> template_;
  std::string problem; // why there is no template
  std::string print;
};

/// The documents of a corpus as texts, for what scores text; those behind `enough` bytes are left out where
/// that is not 0. Throws Error; at most CorpusLimits().memory.
std::vector<std::string> readTexts(const CorpusFiles &files, const Encoder &encoder, uint64_t enough = 0);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_ENCODER_H
