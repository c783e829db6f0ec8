//===- AddedTokens.cpp - the added tokens of a tokenizer.json -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is malformed here is left for Tokenizer::parse() to name, which reads the file afterwards.

#include "lib/Import/Tokenizer/AddedTokens.h"

#include <algorithm>

using namespace xlstm;

static std::string textOf(const Json &token) {
  Json content = token.is_object() ? token.value("content", Json()) : Json();
  return content.is_string() ? content.get<std::string>() : "";
}

static int64_t idIn(const Json &token) {
  Json id = token.is_object() ? token.value("id", Json()) : Json();
  return id.is_number_integer() ? id.get<int64_t>() : -1;
}

Json &AddedTokens::list() const { return root["added_tokens"]; }

AddedTokens::AddedTokens(Json &root) : root(root) {
  if (list().is_null())
    list() = Json::array();
  for (size_t n = 0; n < list().size(); ++n)
    placeOf.emplace(textOf(list()[n]), n);
  auto model = root.find("model");
  auto vocab = model != root.end() && model->is_object() ? model->find("vocab") : root.end();
  if (model == root.end() || !model->is_object() || vocab == model->end())
    return;
  if (vocab->is_object())
    for (const auto &[token, id] : vocab->items())
      vocabulary.emplace(token, id.is_number_integer() ? id.get<int64_t>() : -1);
  else if (vocab->is_array()) // Unigram: [token, score], its place is its id
    for (size_t n = 0; n < vocab->size(); ++n)
      if (const Json &entry = (*vocab)[n]; entry.is_array() && !entry.empty() && entry[0].is_string())
        vocabulary.emplace(entry[0].get<std::string>(), static_cast<int64_t>(n));
}

std::optional<int64_t> AddedTokens::idOf(const std::string &content) const {
  if (auto found = placeOf.find(content); found != placeOf.end())
    return idIn(list()[found->second]);
  auto found = vocabulary.find(content);
  return found == vocabulary.end() ? std::nullopt : std::optional(found->second);
}

std::string AddedTokens::contentOf(int64_t id) const {
  for (const Json &token : list())
    if (idIn(token) == id)
      return textOf(token);
  auto found = std::ranges::find(vocabulary, id, [](const auto &entry) { return entry.second; });
  return found == vocabulary.end() ? "" : found->first;
}

std::map<int64_t, std::string> AddedTokens::from(int64_t least) const {
  std::map<int64_t, std::string> tokens;
  for (const auto &[content, id] : vocabulary)
    if (id >= least)
      tokens.emplace(id, content);
  for (const Json &token : list())
    if (idIn(token) >= least)
      tokens.emplace(idIn(token), textOf(token));
  return tokens;
}

int64_t AddedTokens::nextId() const {
  auto size = static_cast<int64_t>(vocabulary.size()), last = int64_t{-1};
  for (const Json &token : list())
    last = std::max(last, idIn(token));
  return std::max(last + 1, size);
}

int64_t AddedTokens::add(const std::string &content, const Json &flags) {
  auto flag = [&](const char *name, bool absent) {
    auto found = flags.find(name);
    return found != flags.end() && found->is_boolean() ? found->get<bool>() : absent;
  };
  bool isSpecial = flag("special", false);
  Json token = {{"id", idOf(content).value_or(nextId())},
                {"content", content},
                {"single_word", flag("single_word", false)},
                {"lstrip", flag("lstrip", false)},
                {"rstrip", flag("rstrip", false)},
                {"normalized", flag("normalized", !isSpecial)},
                {"special", isSpecial}};
  if (auto known = placeOf.find(content); known != placeOf.end()) {
    Json &old = list()[known->second];
    token["special"] = isSpecial || old.value("special", Json()) == true; // once special, always
    for (const auto &[name, value] : token.items())
      if (old.value(name, Json()) != value) {
        old[name] = value;
        isChanged = true;
      }
    return idIn(old);
  }
  placeOf.emplace(content, list().size());
  list().push_back(token);
  isChanged = true;
  return idIn(token);
}
