//===- TokenizerJson.cpp - SentencePiece's pieces as a tokenizer.json -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/SentencePiece/Pieces.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <unordered_map>

using namespace xlstm;
using namespace xlstm::sentencepiece;

static constexpr const char *sign = "\xE2\x96\x81"; // U+2581

static std::string inJson(std::string_view text) { return nlohmann::json(text).dump(); }

static Json sequence(const char *what, Json steps) { return {{"type", "Sequence"}, {what, std::move(steps)}}; }

static std::string toBase64(std::string_view bytes) {
  static constexpr char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t bits = 0;
    size_t count = std::min<size_t>(3, bytes.size() - at);
    for (size_t n = 0; n < 3; ++n)
      bits = bits << 8 | (n < count ? uint8_t(bytes[at + n]) : 0);
    for (size_t n = 0; n < 4; ++n)
      out += n <= count ? letters[bits >> (18 - 6 * n) & 63] : '=';
  }
  return out;
}

/// In SentencePiece's order: replacements, spaces, the sign before the text, signs for spaces.
static Json normalizer(const Pieces &pieces) {
  auto replace = [](const char *kind, const char *pattern, const char *content) {
    return Json{{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
  };
  Json steps = Json::array();
  if (!pieces.charsmap.empty())
    steps.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", toBase64(pieces.charsmap)}});
  if (pieces.removeExtraSpaces) {
    steps.push_back(replace("Regex", "\\A +| +\\z", ""));
    steps.push_back(replace("Regex", " {2,}", " "));
  }
  if (pieces.addDummyPrefix)
    steps.push_back({{"type", "Prepend"}, {"prepend", sign}});
  steps.push_back(replace("String", " ", sign));
  return sequence("normalizers", steps);
}

static Json decoder(const Pieces &pieces) {
  Json steps = Json::array();
  steps.push_back({{"type", "Replace"}, {"pattern", {{"String", sign}}}, {"content", " "}});
  steps.push_back({{"type", "ByteFallback"}});
  steps.push_back({{"type", "Fuse"}});
  if (pieces.addDummyPrefix)
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return sequence("decoders", steps);
}

static Json addedTokens(const Pieces &pieces) {
  Json list = Json::array();
  for (size_t id = 0; id < pieces.list.size(); ++id) {
    const Piece &piece = pieces.list[id];
    bool special = piece.type == Control || piece.type == Unknown;
    if (!piece.text.empty() && (special || piece.type == UserDefined))
      list.push_back({{"id", id},
                      {"content", piece.text},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", special}});
  }
  return list;
}

namespace {
/// A piece as the sum of two others.
struct Merge {
  double score;
  std::string_view left, right;
  size_t leftLetters, rightLetters;
};
} // namespace

static size_t letters(std::string_view text) {
  return size_t(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// SentencePiece merges two neighbours where their sum is a piece, of the best score first. The order among equals is
/// that of transformers' generate_merges, so that the ids are those of the model's own tokenizer.json.
static std::vector<Merge> findMerges(const Pieces &pieces) {
  constexpr size_t longest = 1024; // of a piece that takes part: every place where it can be cut is tried
  std::unordered_map<std::string_view, size_t> idOf;
  auto isText = [](const Piece &piece) { return piece.type == Normal || piece.type == UserDefined; };
  for (size_t id = 0; id < pieces.list.size(); ++id)
    if (isText(pieces.list[id]) && !pieces.list[id].text.empty())
      idOf.emplace(pieces.list[id].text, id);
  std::vector<Merge> merges;
  for (const Piece &piece : pieces.list) {
    if (!isText(piece) || piece.text.size() > longest)
      continue;
    size_t first = merges.size();
    std::string_view text = piece.text;
    for (size_t at = 1; at < text.size(); ++at) {
      if ((text[at] & 0xC0) == 0x80)
        continue;
      std::string_view left = text.substr(0, at), right = text.substr(at);
      if (idOf.contains(left) && idOf.contains(right))
        merges.push_back({piece.score, left, right, letters(left), letters(right)});
    }
    std::sort(merges.begin() + ptrdiff_t(first), merges.end(), [&](const Merge &a, const Merge &b) {
      return std::pair(idOf[a.left], idOf[a.right]) < std::pair(idOf[b.left], idOf[b.right]);
    });
  }
  std::ranges::stable_sort(merges, [](const Merge &a, const Merge &b) {
    return std::tuple(a.score, a.leftLetters, a.rightLetters) > std::tuple(b.score, b.leftLetters, b.rightLetters);
  });
  return merges;
}

/// Vocabulary and merges are joined as text: an ordered Json would search every token linearly.
static std::string bpe(const Pieces &pieces) {
  std::string vocabulary, merges;
  for (size_t id = 0; id < pieces.list.size(); ++id)
    if (const std::string &text = pieces.list[id].text; !text.empty())
      vocabulary += (vocabulary.empty() ? "" : ",") + inJson(text) + ":" + std::to_string(id);
  for (const Merge &merge : findMerges(pieces))
    merges += (merges.empty() ? "[" : ",[") + inJson(merge.left) + "," + inJson(merge.right) + "]";
  Json model{{"type", "BPE"},
             {"dropout", nullptr},
             {"unk_token", pieces.unknown ? Json(pieces.list[size_t(*pieces.unknown)].text) : Json(nullptr)},
             {"continuing_subword_prefix", nullptr},
             {"end_of_word_suffix", nullptr},
             {"fuse_unk", true},
             {"byte_fallback", pieces.byteFallback},
             {"ignore_merges", false}};
  std::string text = model.dump();
  text.pop_back(); // the closing brace
  return text + ",\"vocab\":{" + vocabulary + "},\"merges\":[" + merges + "]}";
}

static std::string unigram(const Pieces &pieces) {
  Json list = Json::array();
  for (size_t id = 0; id < pieces.list.size(); ++id) {
    const Piece &piece = pieces.list[id];
    list.push_back(Json::array({piece.text, piece.score}));
  }
  Json model{{"type", "Unigram"},
             {"unk_id", pieces.unknown ? Json(*pieces.unknown) : Json(nullptr)},
             {"vocab", list},
             {"byte_fallback", pieces.byteFallback}};
  return model.dump();
}

Json sentencepiece::aroundText(const std::string &bos, int64_t bosId, const std::string &eos, int64_t eosId) {
  Json single = Json::array(), known = Json::object();
  auto add = [&](const std::string &token, int64_t id) {
    if (token.empty())
      return;
    single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    known[token] = {{"id", token}, {"ids", Json::array({id})}, {"tokens", Json::array({token})}};
  };
  add(bos, bosId);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  add(eos, eosId);
  Json pair = single;
  for (Json piece : single) {
    piece.begin().value()["type_id"] = 1;
    if (piece.contains("Sequence"))
      piece["Sequence"]["id"] = "B";
    pair.push_back(piece);
  }
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", known}};
}

std::string sentencepiece::writeTokenizerJson(const Pieces &pieces, const std::string &origin) {
  auto textOf = [&](bool wanted, const std::optional<int64_t> &id, const char *what) -> std::string {
    if (!wanted)
      return "";
    if (!id || pieces.list[size_t(*id)].text.empty())
      fail(origin, ": texts have a ", what, " token, but there is none");
    return pieces.list[size_t(*id)].text;
  };
  std::string bos = textOf(pieces.addBos, pieces.bos, "bos"), eos = textOf(pieces.addEos, pieces.eos, "eos");
  Json top{{"version", "1.0"},
           {"truncation", nullptr},
           {"padding", nullptr},
           {"added_tokens", addedTokens(pieces)},
           {"normalizer", normalizer(pieces)},
           {"pre_tokenizer", nullptr},
           {"post_processor", aroundText(bos, pieces.bos.value_or(0), eos, pieces.eos.value_or(0))},
           {"decoder", decoder(pieces)}};
  std::string text = top.dump();
  text.pop_back();
  return text + ",\"model\":" + (pieces.isUnigram ? unigram(pieces) : bpe(pieces)) + "}\n";
}
