//===- ChatFiles.cpp - the chat template of a model folder ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/ChatFiles.h"

#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/NamedTokens.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

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

std::optional<ChatFiles> xlstm::findChatTemplate(const fs::path &folder) {
  fs::path alone = folder / "chat_template.jinja", config = folder / "tokenizer_config.json",
           wrapped = folder / "chat_template.json";
  Json root = readOptionalObject(config);
  ChatFiles files;
  if (auto found = MappedFile::findInside(folder, alone.filename())) {
    files.text = found->text();
    files.origin = alone.string();
  } else if (std::optional<std::string> text = templateIn(root, config)) {
    files.text = *text;
    files.origin = config.string() + ": chat_template";
    files.toolText = templateIn(root, config, "tool_use").value_or("");
  } else if (std::optional<std::string> last = templateIn(readOptionalObject(wrapped), wrapped)) {
    files.text = *last;
    files.origin = wrapped.string();
  } else {
    return std::nullopt;
  }
  const Json named = readNamedTokens(folder, root);
  for (const auto &[name, token] : named.items())
    if (std::optional<std::string> content = tokenContent(token))
      files.specialTokens.emplace(name, *content);
  return files;
}
