//===- CompleteTokenizer.cpp - one tokenizer.json out of a folder's files -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/Tokenizer/CompleteTokenizer.h"

#include "lib/Import/SentencePiece/Pieces.h"
#include "lib/Import/Tokenizer/AddedTokens.h"
#include "lib/Import/Tokenizer/TextAround.h"
#include "lib/Import/Tokenizer/VocabMerges.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/NamedTokens.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <charconv>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// Roles in the order in which transformers adds their tokens.
constexpr const char *roles[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                 "pad_token", "cls_token", "mask_token"};
constexpr const char *roleLists[] = {"additional_special_tokens", "extra_special_tokens"};

class Completion {
public:
  Completion(const fs::path &folder, Json &root, const Json &config)
      : folder(folder), configFile((folder / "tokenizer_config.json").string()), root(root), config(config),
        named(readNamedTokens(folder, config)), tokens(root) {}

  /// True when something was missing in the file.
  bool run() {
    addListed();
    addNamed();
    placeAround();
    return isChanged || tokens.changed();
  }
  void checkIds(int64_t rows);

  std::vector<std::string> warnings;

private:
  void addListed();
  void addNamed();
  void addSpecial(const Json &token);
  void placeAround();
  /// The bos or eos token, "bos" or "eos": by its name, else by its id; nothing where there is none.
  std::optional<PlacedToken> find(const std::string &role) const;
  std::optional<bool> flag(const std::string &key) const;

  const fs::path &folder;
  std::string configFile;
  Json &root;
  const Json &config;
  Json named;
  AddedTokens tokens;
  bool isChanged = false;
};

} // namespace

/// Tokens that come with an id, in its order. Of added_tokens_decoder the ids are keys, of added_tokens.json values.
void Completion::addListed() {
  fs::path old = folder / "added_tokens.json";
  auto decoder = config.find("added_tokens_decoder");
  bool isDecoder = decoder != config.end();
  std::string place = isDecoder ? configFile + ": added_tokens_decoder" : old.string();
  Json entries = isDecoder ? *decoder : readOptionalObject(old);
  if (!entries.is_object())
    fail(place, ": expected an object, found ", entries.type_name());
  std::map<int64_t, std::pair<std::string, Json>> byId;
  for (const auto &[key, value] : entries.items()) {
    int64_t id = -1;
    if (!isDecoder && value.is_number_integer())
      id = value.get<int64_t>();
    else if (isDecoder && std::from_chars(key.data(), key.data() + key.size(), id).ptr != key.data() + key.size())
      id = -1;
    std::optional<std::string> content = isDecoder ? tokenContent(value) : std::optional(key);
    if (id < 0 || !content || content->empty())
      fail(place, ": expected tokens with their ids, found ", quote(key), ": ", quote(value.dump()));
    byId.insert_or_assign(id, std::pair(*content, isDecoder ? value : Json::object()));
  }
  for (const auto &[id, token] : byId) {
    if (!isDecoder && tokens.isAdded(token.first))
      continue; // flags it has are better than none
    int64_t given = tokens.add(token.first, token.second);
    if (given != id)
      warnings.push_back(place + ": " + quote(token.first) + " has id " + std::to_string(given) +
                         ", as in transformers, not " + std::to_string(id));
  }
}

void Completion::addSpecial(const Json &token) {
  std::optional<std::string> content = tokenContent(token);
  if (!content || content->empty() || tokens.isAdded(*content))
    return;
  Json flags = token.is_object() ? token : Json{{"normalized", false}};
  flags["special"] = true;
  tokens.add(*content, flags);
}

void Completion::addNamed() {
  for (const char *role : roles)
    if (auto token = named.find(role); token != named.end())
      addSpecial(*token);
  for (const char *role : roleLists)
    if (auto list = named.find(role); list != named.end())
      for (const auto &[name, token] : list->items()) // a list, or an object of names
        addSpecial(token);
}

std::optional<bool> Completion::flag(const std::string &key) const {
  auto found = config.find(key);
  if (found == config.end() || found->is_null())
    return std::nullopt;
  if (!found->is_boolean())
    fail(configFile, ": ", key, ": expected true or false, found ", quote(found->dump()));
  return found->get<bool>();
}

std::optional<PlacedToken> Completion::find(const std::string &role) const {
  if (auto token = named.find(role + "_token"); token != named.end()) {
    std::string content = tokenContent(*token).value_or("");
    if (std::optional<int64_t> id = tokens.idOf(content))
      return PlacedToken{content, {*id}};
  }
  Json id = readOptionalObject(folder / "config.json").value(role + "_token_id", Json());
  if (id.is_array() && !id.empty())
    id = Json(id.front());
  std::string content = id.is_number_integer() ? tokens.contentOf(id.get<int64_t>()) : "";
  return content.empty() ? std::nullopt : std::optional(PlacedToken{content, {id.get<int64_t>()}});
}

void Completion::placeAround() {
  Json processor = root.value("post_processor", Json());
  const TextAround old = TextAround::read(processor);
  TextAround now = old;
  auto follow = [&](const std::string &role, std::vector<PlacedToken> &placed, bool isBefore) {
    std::optional<bool> wanted = flag("add_" + role + "_token");
    if (!wanted)
      return;
    std::optional<PlacedToken> token = find(role);
    if (!token && *wanted)
      warnings.push_back(configFile + ": add_" + role + "_token is true, but no " + role +
                         "_token is known; none is added");
    if (!token && !*wanted)
      placed.clear();
    if (!token)
      return;
    auto isToken = [&](const PlacedToken &other) { return other.ids == token->ids; };
    if (!*wanted)
      std::erase_if(placed, isToken);
    else if (std::ranges::none_of(placed, isToken))
      placed.insert(isBefore ? placed.begin() : placed.end(), *token);
  };
  follow("bos", now.before, true);
  follow("eos", now.after, false);
  if (!now.after.empty())
    warnings.push_back(folder.string() + ": a text ends with " + quote(now.after.back().content) +
                       ", also one that is to be continued");
  if (now == old)
    return;
  root["post_processor"] = now.applyTo(processor);
  isChanged = true;
}

void Completion::checkIds(int64_t rows) {
  if (std::map<int64_t, std::string> beyond = tokens.from(rows); !beyond.empty())
    warnings.push_back((folder / "tokenizer.json").string() + ": " + std::to_string(beyond.size()) +
                       " tokens beyond the embedding's " + std::to_string(rows) + " rows, such as " +
                       std::to_string(beyond.begin()->first) + " (" + quote(beyond.begin()->second) +
                       "); a text with one is refused");
  for (const char *name : {"generation_config.json", "config.json"}) {
    Json ids = readOptionalObject(folder / name);
    for (const char *key : {"bos_token_id", "eos_token_id"}) {
      Json value = ids.value(key, Json());
      for (const Json &id : value.is_array() ? value : Json::array({value}))
        if (id.is_number_integer() && tokens.contentOf(id.get<int64_t>()).empty())
          warnings.push_back((folder / name).string() + ": " + key + " is " + id.dump() +
                             ", which is no token of tokenizer.json");
    }
  }
}

/// The tokenizer.json that SentencePiece's tokenizer.model is, for a folder that has no other.
static std::string convertModelFile(const fs::path &file, const Json &config) {
  sentencepiece::Pieces pieces = sentencepiece::readModelFile(file);
  auto flag = [&](const char *key, bool absent) {
    auto found = config.find(key);
    return found != config.end() && found->is_boolean() ? found->get<bool>() : absent;
  };
  // As transformers' LlamaTokenizer has it; its T5Tokenizer is for other models than ours.
  pieces.addBos = flag("add_bos_token", !pieces.isUnigram && pieces.bos);
  pieces.addEos = flag("add_eos_token", false);
  return sentencepiece::writeTokenizerJson(pieces, file.string());
}

/// The tokenizer as the folder has it, and where; null where it has none that is read, and `why`.
static Json readBase(const fs::path &folder, const Json &config, std::string &text, fs::path &file, std::string &why) {
  std::error_code error;
  file = folder / "tokenizer.json";
  if (fs::exists(file, error)) {
    text = readTextFile(file);
    return parseJson(text, file.string());
  }
  if (fs::path model = folder / "tokenizer.model"; fs::exists(model, error)) {
    file = model;
    return parseJson(convertModelFile(model, config), model.string());
  }
  return readVocabMerges(folder, config, why);
}

void CompleteTokenizer::write(const fs::path &folder) const {
  if (json)
    writeTextFile(folder / "tokenizer.json", *json);
}

CompleteTokenizer xlstm::completeTokenizer(const fs::path &folder, int64_t rows) {
  CompleteTokenizer result;
  Json config = readOptionalObject(folder / "tokenizer_config.json");
  std::string text, why;
  fs::path file;
  try {
    Json root = readBase(folder, config, text, file, why);
    if (root.is_null() && text.empty()) {
      result.warnings.push_back(folder.string() + ": " + why + "; the bundle works on token ids only");
      return result;
    }
    if (!root.is_object())
      fail(file.string(), ": expected an object, found ", root.type_name());
    if (Json added = root.value("added_tokens", Json()); !added.is_null() && !added.is_array())
      fail(file.string(), ": added_tokens: expected an array, found ", added.type_name());
    Completion completion(folder, root, config);
    if (completion.run() || text.empty())
      text = root.dump() + "\n";
    Tokenizer::parse(text, file.string()); // as everything after will
    completion.checkIds(rows);
    result.warnings = completion.warnings;
    result.json = std::move(text);
  } catch (const text::Unsupported &reason) {
    result.warnings.push_back(std::string(reason.what()) + "; the bundle works on token ids only");
  }
  return result;
}
