//===- ChatTemplate.h - a conversation as the text of a prompt ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_CHATTEMPLATE_H
#define XLSTM_RUNTIME_TEXT_CHATTEMPLATE_H

#include "xlstm/Runtime/Files/Json.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace xlstm {

struct ChatOptions {
  /// Whether the text ends with what begins the assistant's answer.
  bool addGenerationPrompt = true;
  /// What a template sees as bos_token, eos_token and so on.
  std::map<std::string, std::string> specialTokens;
  /// An object; more variables, such as tools, documents or enable_thinking.
  Json variables = Json::object();
};

/// A chat template in the part of Jinja that the templates of language models use; docs/ChatTemplates.md lists it. What
/// it renders equals Jinja2 3.1 as transformers sets it up: trim_blocks, lstrip_blocks, a sandbox in which nothing is
/// changed, tojson as json.dumps. A template is not trusted: depth, steps and the text it makes are bounded.
class ChatTemplate {
public:
  /// `origin` names the template in errors. Throws Error "origin: line 3: ..." for what is malformed or not supported.
  static ChatTemplate parse(std::string_view text, const std::string &origin);
  ChatTemplate(ChatTemplate &&) noexcept;
  ChatTemplate &operator=(ChatTemplate &&) noexcept;
  ~ChatTemplate();

  /// The prompt of `messages`, an array of objects with "role" and "content". Encode it with special tokens recognised
  /// and none added: the template writes the bos. Throws Error, also where the template refuses the conversation.
  std::string render(const Json &messages, const ChatOptions &options) const;

  /// What is wrong with the template, shown by small conversations: of a user alone, with a system message, with
  /// answers, with tools and their calls. Those that the template refuses by raise_exception show nothing. Nothing:
  /// none found.
  std::optional<std::string> findFault(const std::map<std::string, std::string> &specialTokens,
                                       bool withoutTools = true, bool withTools = true) const;

private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_TEXT_CHATTEMPLATE_H
