//===- NamedTokens.cpp - bos_token, pad_token and their like --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/NamedTokens.h"

#include "xlstm/Support/Error.h"

using namespace xlstm;

Json xlstm::readOptionalObject(const std::filesystem::path &file) {
  Json root = findJsonFile(file);
  if (root.is_null())
    return Json::object();
  if (!root.is_object())
    fail(file.string(), ": expected an object, found ", root.type_name());
  return root;
}

std::optional<std::string> xlstm::tokenContent(const Json &token) {
  Json text = token.is_object() ? token.value("content", Json()) : token;
  return text.is_string() ? std::optional(text.get<std::string>()) : std::nullopt;
}

static bool isNamed(const std::string &key, const Json &value) {
  if (key == "additional_special_tokens" || key == "extra_special_tokens")
    return !value.empty();
  return key.ends_with("_token") && tokenContent(value).value_or("") != "";
}

Json xlstm::readNamedTokens(const std::filesystem::path &folder, const Json &config) {
  Json named = Json::object(), older = Json::object();
  if (!config.contains("added_tokens_decoder"))
    older = readOptionalObject(folder / "special_tokens_map.json");
  for (const auto &[key, value] : older.items())
    if (isNamed(key, value))
      named[key] = value;
  for (const auto &[key, value] : config.items())
    if (isNamed(key, value) && !named.contains(key))
      named[key] = value;
  return named;
}
