//===- Tokenizer.cpp - the tokenizer inside a GGUF file -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Gguf/Tokenizer.h"

#include "lib/Import/SentencePiece/Pieces.h"
#include "lib/Import/Tokenizer/ByteLevelBpe.h"
#include "lib/Import/Tokenizer/TextAround.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <unordered_map>

using namespace xlstm;
using namespace xlstm::gguf;

namespace {

// Beyond any tokenizer; a list of so many short tokens takes less than the 256 MB that a reader may take.
constexpr uint64_t mostTokens = uint64_t{1} << 20, mostMerges = uint64_t{1} << 21;
constexpr const char *keyPrefix = "tokenizer.ggml.";

/// tokenizer.ggml.token_type (llama.h, llama_token_type).
enum TokenType : int64_t { Normal = 1, Control = 3, UserDefined = 4, Unused = 5 };

class TokenizerReader {
public:
  /// `model` is tokenizer.ggml.model: gpt2, llama or t5.
  TokenizerReader(const GgufFile &file, std::string model, int64_t vocabSize)
      : file(file), model(std::move(model)), vocabSize(vocabSize) {}
  TokenizerFiles read();

private:
  static std::string key(const char *name) { return std::string(keyPrefix) + name; }
  void findPreTokenizer();
  void readTokens();
  void readIds();
  std::optional<int64_t> readId(const char *name) const;
  std::string vocabulary() const;
  std::string merges();
  Json addedTokens() const;
  TextAround textAround() const;
  PlacedToken placed(int64_t id) const { return {std::string(tokens[id]), {id}}; }
  std::string tokenizerJson();
  std::string sentencePiece() const;
  Json tokenizerConfig() const;

  const GgufFile &file;
  std::string model;
  int64_t vocabSize;
  const PreTokenizer *pre = nullptr;
  /// By id; empty where the file has none that can be used.
  std::vector<std::string_view> tokens;
  std::vector<int64_t> types;
  std::unordered_map<std::string_view, int64_t> idOf;
  bool addBos = false, addEos = false;
  TokenizerFiles out;
};

std::string inJson(std::string_view text) { return nlohmann::json(text).dump(); }

/// "[PAD7]", with which llama.cpp's converter fills the vocabulary up to the rows of the table.
bool isPadding(std::string_view token, size_t id) { return token == "[PAD" + std::to_string(id) + "]"; }

void TokenizerReader::readTokens() {
  std::optional<std::vector<std::string_view>> list = file.strings(key("tokens"), mostTokens);
  if (!list || list->empty() || static_cast<int64_t>(list->size()) > vocabSize)
    file.fail(key("tokens"), "1 to " + std::to_string(vocabSize) + " strings, a row of token_embd.weight for each");
  tokens = std::move(*list);
  types = file.integers(key("token_type"), mostTokens).value_or(std::vector<int64_t>(tokens.size(), Normal));
  if (types.size() < tokens.size())
    file.fail(key("token_type"), "an array of " + std::to_string(tokens.size()) + ", as many as there are tokens");
  if (static_cast<int64_t>(tokens.size()) < vocabSize)
    out.warnings.push_back(std::to_string(vocabSize - static_cast<int64_t>(tokens.size())) +
                           " rows of token_embd.weight have no token");
  auto drop = [&](size_t id, const char *why) {
    out.warnings.push_back("token " + std::to_string(id) + " " + why + "; it is left out");
    tokens[id] = {};
  };
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (types[id] == Unused && isPadding(tokens[id], id))
      tokens[id] = {};
    else if (tokens[id].empty())
      drop(id, "is empty");
    else if (validUtf8Prefix(tokens[id]) != tokens[id].size())
      drop(id, "is not UTF-8");
    else if (auto [known, isNew] = idOf.emplace(tokens[id], static_cast<int64_t>(id)); !isNew)
      drop(id, ("is the same as token " + std::to_string(known->second)).c_str());
  }
}

/// A token's id; nothing when it is not given or has no token.
std::optional<int64_t> TokenizerReader::readId(const char *name) const {
  std::optional<int64_t> id = file.integer(key(name), 0, vocabSize - 1);
  bool known = id && *id < static_cast<int64_t>(tokens.size()) && !tokens[*id].empty();
  return known ? id : std::nullopt;
}

void TokenizerReader::readIds() {
  out.ids = {readId("bos_token_id"), readId("padding_token_id"), readId("unknown_token_id"), {}};
  for (const char *name : {"eos_token_id", "eot_token_id", "eom_token_id"})
    if (std::optional<int64_t> id = readId(name); id && std::ranges::find(out.ids.ends, *id) == out.ids.ends.end())
      out.ids.ends.push_back(*id);
  // What llama.cpp does where the file does not say (llama_vocab::impl::load).
  addBos = file.flag(key("add_bos_token")).value_or(pre ? pre->addBos : model == "llama");
  addEos = file.flag(key("add_eos_token")).value_or(model == "t5");
  if (addBos && !out.ids.bos)
    file.fail(key("bos_token_id"), "the id of a token, for texts begin with it");
  if (addEos && !readId("eos_token_id"))
    file.fail(key("eos_token_id"), "the id of a token, for texts end with it");
  if (addEos)
    out.warnings.push_back("a text ends with " + quote(tokens[*readId("eos_token_id")]) +
                           ", also one that is to be continued");
}

std::string TokenizerReader::vocabulary() const {
  std::string json;
  for (size_t id = 0; id < tokens.size(); ++id)
    if (!tokens[id].empty())
      json += (json.empty() ? "" : ",") + inJson(tokens[id]) + ":" + std::to_string(id);
  return "{" + json + "}";
}

std::string TokenizerReader::merges() {
  std::optional<std::vector<std::string_view>> list = file.strings(key("merges"), mostMerges);
  if (!list)
    file.fail(key("merges"), "an array of strings");
  std::string json, joined;
  std::string_view firstUnknown;
  int64_t numUnknown = 0;
  for (std::string_view merge : *list) {
    size_t space = merge.find(' ');
    if (space == 0 || space == merge.npos || space + 1 == merge.size() || merge.find(' ', space + 1) != merge.npos)
      xlstm::fail(file.origin(), ": key '", key("merges"), "': expected two tokens with a space between, found ",
                  quote(merge));
    std::string_view left = merge.substr(0, space), right = merge.substr(space + 1);
    joined.assign(left).append(right);
    if (!idOf.contains(left) || !idOf.contains(right) || !idOf.contains(joined)) {
      if (numUnknown++ == 0)
        firstUnknown = merge;
      continue;
    }
    json += (json.empty() ? "[" : ",[") + inJson(left) + "," + inJson(right) + "]";
  }
  if (numUnknown != 0)
    out.warnings.push_back(std::to_string(numUnknown) + " merges of tokens that are not there, such as " +
                           quote(firstUnknown) + "; they are left out");
  return "[" + json + "]";
}

Json TokenizerReader::addedTokens() const {
  Json list = Json::array();
  for (size_t id = 0; id < tokens.size(); ++id)
    if (!tokens[id].empty() && (types[id] == Control || types[id] == UserDefined))
      list.push_back({{"id", id},
                      {"content", tokens[id]},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", false},
                      {"normalized", false},
                      {"special", types[id] == Control}});
  return list;
}

TextAround TokenizerReader::textAround() const {
  TextAround around;
  if (addBos)
    around.before.push_back(placed(*out.ids.bos));
  if (addEos)
    around.after.push_back(placed(*readId("eos_token_id")));
  return around;
}

std::string TokenizerReader::sentencePiece() const {
  sentencepiece::Pieces pieces;
  std::optional<std::vector<double>> scores = file.numbers(key("scores"), mostTokens);
  if (!scores || scores->size() < tokens.size())
    file.fail(key("scores"), "an array of " + std::to_string(tokens.size()) + ", as many as there are tokens");
  for (size_t id = 0; id < tokens.size(); ++id) {
    pieces.list.push_back({std::string(tokens[id]), (*scores)[id], types[id]});
    if (types[id] == sentencepiece::Unknown && !tokens[id].empty() && !pieces.unknown)
      pieces.unknown = static_cast<int64_t>(id);
    pieces.byteFallback |= types[id] == sentencepiece::Byte;
  }
  if (out.ids.unknown)
    pieces.unknown = out.ids.unknown;
  pieces.isUnigram = model == "t5";
  for (int64_t byte : file.integers(key("precompiled_charsmap"), 1 << 24).value_or(std::vector<int64_t>()))
    pieces.charsmap += static_cast<char>(byte);
  pieces.addDummyPrefix = file.flag(key("add_space_prefix")).value_or(true);
  pieces.removeExtraSpaces = pieces.isUnigram && file.flag(key("remove_extra_whitespaces")).value_or(false);
  pieces.bos = out.ids.bos;
  pieces.eos = readId("eos_token_id");
  pieces.addBos = addBos;
  pieces.addEos = addEos;
  return sentencepiece::writeTokenizerJson(pieces, file.origin());
}

/// Vocabulary and merges are joined as text: an ordered Json would search every token linearly.
std::string TokenizerReader::tokenizerJson() {
  Json json = byteLevelBpe(*pre);
  json["added_tokens"] = addedTokens();
  json["post_processor"] = textAround().applyTo(json["post_processor"]);
  std::string text = json.dump();
  text.resize(text.size() - 2); // the closing braces of it and of "model"
  return text + ",\"vocab\":" + vocabulary() + ",\"merges\":" + merges() + "}}\n";
}

Json TokenizerReader::tokenizerConfig() const {
  Json config{{"tokenizer_class", "PreTrainedTokenizerFast"},
              {"add_bos_token", addBos},
              {"add_eos_token", addEos},
              {"clean_up_tokenization_spaces", false}};
  auto name = [&](const char *role, const std::optional<int64_t> &id) {
    if (id)
      config[role] = tokens[*id];
  };
  name("bos_token", out.ids.bos);
  name("eos_token", readId("eos_token_id"));
  name("pad_token", out.ids.pad);
  name("unk_token", out.ids.unknown);
  return config;
}

void TokenizerReader::findPreTokenizer() {
  std::string name = file.text(key("pre")).value_or("default");
  pre = gguf::findPreTokenizer(name);
  if (!pre)
    throw text::Unsupported(file.origin() + ": key '" + key("pre") + "': expected one of " + preTokenizerNames() +
                            ", found " + quote(name));
  if (!file.find(key("pre")))
    out.warnings.push_back(
        "no key tokenizer.ggml.pre: text is split in llama.cpp's default way, perhaps not the model's");
}

TokenizerFiles TokenizerReader::read() {
  if (model == "gpt2")
    findPreTokenizer();
  readTokens();
  readIds();
  out.tokenizer = model == "gpt2" ? tokenizerJson() : sentencePiece();
  out.config = tokenizerConfig();
  out.chatTemplate = file.text("tokenizer.chat_template").value_or("");
  return std::move(out);
}

} // namespace

std::optional<TokenizerFiles> gguf::readTokenizer(const GgufFile &file, int64_t vocabSize) {
  const std::string modelKey = std::string(keyPrefix) + "model";
  std::optional<std::string> model = file.text(modelKey);
  if (!model || *model == "none" || *model == "no_vocab")
    return std::nullopt;
  if (*model != "gpt2" && *model != "llama" && *model != "t5")
    throw text::Unsupported(file.origin() + ": key '" + modelKey + "': expected gpt2, llama or t5, found " +
                            quote(*model));
  return TokenizerReader(file, *model, vocabSize).read();
}
