//===- ChatFiles.h - the chat template of a model folder ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_CHATFILES_H
#define XLSTM_RUNTIME_FILES_CHATFILES_H

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace xlstm {

/// The text of a template and the tokens that it writes by name.
struct ChatFiles {
  std::string text;
  /// The file it came from, for errors.
  std::string origin;
  /// bos_token, eos_token and their like.
  std::map<std::string, std::string> specialTokens;
  /// Of a list of named templates "tool_use", which takes the place of `text` in a conversation with tools; or empty.
  std::string toolText = {};

  const std::string &textFor(bool hasTools) const { return hasTools && !toolText.empty() ? toolText : text; }
};

/// The chat template of a bundle or a Hugging Face folder, as transformers finds it: chat_template.jinja, else
/// "chat_template" of tokenizer_config.json (a string, or of a list of named ones "default" and "tool_use"), else
/// chat_template.json. Special tokens are those of NamedTokens.h. Nothing when there is no template; throws Error for
/// files that are malformed.
std::optional<ChatFiles> findChatTemplate(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_CHATFILES_H
