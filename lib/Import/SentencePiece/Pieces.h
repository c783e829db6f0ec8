//===- Pieces.h - SentencePiece's vocabularies ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_SENTENCEPIECE_PIECES_H
#define LIB_IMPORT_SENTENCEPIECE_PIECES_H

#include "xlstm/Runtime/Files/Json.h"

#include <filesystem>
#include <optional>

namespace xlstm::sentencepiece {

/// The numbers are those of SentencePiece's files and of GGUF's token_type.
enum PieceType : int64_t { Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6 };

struct Piece {
  std::string text; // UTF-8; empty: the id has no piece that can be used
  double score = 0;
  int64_t type = Normal;
};

/// What SentencePiece needs to know to cut a text, whichever file it came from.
struct Pieces {
  std::vector<Piece> list; // by id
  bool isUnigram = false;  // else BPE, whose scores order the merges
  bool byteFallback = false;
  std::string charsmap; // precompiled_charsmap; may be empty
  bool addDummyPrefix = true, removeExtraSpaces = false;
  std::optional<int64_t> bos, eos, unknown, pad;
  bool addBos = false, addEos = false;
};

/// The pieces as a tokenizer.json that gives the same ids: BPE with the merges that transformers makes of the scores,
/// or Unigram. Throws Error where an id that a text begins or ends with has no piece, `origin` names the source.
std::string writeTokenizerJson(const Pieces &pieces, const std::string &origin);

/// The post_processor of a tokenizer.json: ids around a text. Empty strings: none.
Json aroundText(const std::string &bos, int64_t bosId, const std::string &eos, int64_t eosId);

/// Reads SentencePiece's tokenizer.model. Throws Error for what is no such file and text::Unsupported for models of
/// words and characters.
Pieces readModelFile(const std::filesystem::path &file);

} // namespace xlstm::sentencepiece

#endif // LIB_IMPORT_SENTENCEPIECE_PIECES_H
