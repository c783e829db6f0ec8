//===- ChatFiles.cpp - the chat template of a model folder ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/ChatFiles.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

/// The object in a file; an empty one where there is no such file.
static Json readObject(const fs::path &file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    return Json::object();
  Json root = readJsonFile(file);
  if (!root.is_object())
    fail(file.string(), ": expected an object, found ", root.type_name());
  return root;
}

/// The template under "chat_template", of named ones that of `name`; nothing where there is none.
static std::optional<std::string> templateIn(const Json &root, const fs::path &file, const char *name = "default") {
  auto found = root.find("chat_template");
  if (found == root.end() || found->is_null())
    return std::nullopt;
  const bool isDefault = name == std::string_view("default");
  if (found->is_string())
    return isDefault ? std::optional(found->get<std::string>()) : std::nullopt;
  if (!found->is_array())
    fail(file.string(), ": chat_template: expected a string or a list, found ", found->type_name());
  for (const Json &entry : *found) {
    bool isNamed = entry.is_object() && entry.contains("name") && entry.contains("template");
    if (!isNamed || !entry["name"].is_string() || !entry["template"].is_string())
      fail(file.string(), ": chat_template: expected objects with the strings 'name' and 'template'");
    if (entry["name"] == name)
      return entry["template"].get<std::string>();
  }
  if (!isDefault)
    return std::nullopt;
  fail(file.string(), ": chat_template: expected a template named 'default', found none in a list of ", found->size());
}

/// Tokens under keys such as bos_token: a string, or an object with "content".
static void addTokens(const Json &root, std::map<std::string, std::string> &tokens) {
  for (const auto &[key, value] : root.items()) {
    const Json &content = value.is_object() && value.contains("content") ? value["content"] : value;
    if (key.ends_with("_token") && content.is_string())
      tokens.emplace(key, content.get<std::string>());
  }
}

std::optional<ChatFiles> xlstm::findChatTemplate(const fs::path &folder) {
  fs::path alone = folder / "chat_template.jinja", config = folder / "tokenizer_config.json",
           wrapped = folder / "chat_template.json";
  Json root = readObject(config);
  ChatFiles files;
  std::error_code error;
  if (fs::is_regular_file(alone, error)) {
    files.text = readTextFile(alone);
    files.origin = alone.string();
  } else if (std::optional<std::string> text = templateIn(root, config)) {
    files.text = *text;
    files.origin = config.string() + ": chat_template";
    files.toolText = templateIn(root, config, "tool_use").value_or("");
  } else if (std::optional<std::string> last = templateIn(readObject(wrapped), wrapped)) {
    files.text = *last;
    files.origin = wrapped.string();
  } else {
    return std::nullopt;
  }
  addTokens(root, files.specialTokens);
  addTokens(readObject(folder / "special_tokens_map.json"), files.specialTokens);
  return files;
}
