//===- ModelFile.cpp - SentencePiece's tokenizer.model --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/SentencePiece/Pieces.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Quote.h"

#include <cmath>
#include <sentencepiece_model.pb.h>
#include <set>

using namespace xlstm;
using namespace xlstm::sentencepiece;
namespace fs = std::filesystem;

constexpr int mostPieces = 1 << 20;

static xlstm::sentencepiece::Model parse(const fs::path &file) {
  std::string bytes = readTextFile(file);
  xlstm::sentencepiece::Model model;
  if (!model.ParseFromString(bytes) || model.pieces_size() == 0 || model.pieces_size() > mostPieces)
    fail(file.string(), ": expected a model of SentencePiece with 1 to ", mostPieces, " pieces, found ", bytes.size(),
         " bytes that are none");
  auto unsupported = [&](const char *what) {
    throw text::Unsupported(file.string() + ": SentencePiece's " + what + " is not supported");
  };
  if (model.trainer_spec().model_type() != 1 && model.trainer_spec().model_type() != 2)
    unsupported("model of words or characters");
  if (model.trainer_spec().treat_whitespace_as_suffix())
    unsupported("treat_whitespace_as_suffix");
  if (!model.normalizer_spec().escape_whitespaces())
    unsupported("model without escape_whitespaces");
  return model;
}

Pieces sentencepiece::readModelFile(const fs::path &file) {
  xlstm::sentencepiece::Model model = parse(file);
  Pieces out;
  std::set<std::string_view> texts;
  for (int id = 0; id < model.pieces_size(); ++id) {
    const auto &piece = model.pieces(id);
    if (!std::isfinite(piece.score()) || validUtf8Prefix(piece.piece()) != piece.piece().size())
      fail(file.string(), ": piece ", id, ": expected UTF-8 and a finite score, found ", quote(piece.piece()), " and ",
           piece.score());
    if (!texts.insert(piece.piece()).second)
      fail(file.string(), ": piece ", id, ": expected another piece, found ", quote(piece.piece()), " again");
    out.list.push_back({piece.piece(), piece.score(), piece.type()});
  }
  const auto &trainer = model.trainer_spec();
  out.isUnigram = trainer.model_type() == 1;
  out.byteFallback = trainer.byte_fallback();
  auto id = [&](int32_t value) {
    return value >= 0 && value < model.pieces_size() ? std::optional<int64_t>(value) : std::nullopt;
  };
  out.bos = id(trainer.bos_id());
  out.eos = id(trainer.eos_id());
  out.unknown = id(trainer.unk_id());
  out.pad = id(trainer.pad_id());
  const auto &normalizer = model.normalizer_spec();
  out.charsmap = normalizer.precompiled_charsmap();
  out.addDummyPrefix = normalizer.add_dummy_prefix();
  out.removeExtraSpaces = normalizer.remove_extra_whitespaces();
  return out;
}
