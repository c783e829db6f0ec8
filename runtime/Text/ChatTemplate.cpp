//===- ChatTemplate.cpp - a conversation as the text of a prompt ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/ChatTemplate.h"

#include "runtime/Text/Jinja/Interpreter.h"
#include "runtime/Text/Jinja/Lexer.h"
#include "xlstm/Runtime/Files/Utf8.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

struct ChatTemplate::Impl {
  std::string origin;
  jinja::Body body;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
ChatTemplate::ChatTemplate(ChatTemplate &&) noexcept = default;
ChatTemplate &ChatTemplate::operator=(ChatTemplate &&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

ChatTemplate ChatTemplate::parse(std::string_view text, const std::string &origin) {
  constexpr size_t longest = size_t{1} << 20;
  if (text.size() > longest)
    fail(origin, ": expected a chat template of ", longest, " bytes at most, found ", text.size());
  if (size_t valid = validUtf8Prefix(text); valid != text.size())
    fail(origin, ": invalid UTF-8 at byte ", valid);
  try {
    return ChatTemplate(std::make_unique<Impl>(Impl{origin, jinja::parseTemplate(text)}));
  } catch (const jinja::SyntaxProblem &problem) {
    fail(origin, ": line ", problem.line, ": ", problem.what());
  }
}

/// Those that transformers gives, and the caller's.
static std::vector<std::pair<std::string, jinja::Value>> variablesOf(const Json &messages, const ChatOptions &options) {
  std::vector<std::pair<std::string, jinja::Value>> variables = {
      {"messages", jinja::Value::fromJson(messages)},
      {"add_generation_prompt", jinja::Value(options.addGenerationPrompt)}};
  for (const char *absent : {"tools", "documents"})
    if (!options.variables.contains(absent))
      variables.emplace_back(absent, jinja::Value());
  for (const auto &[name, value] : options.variables.items())
    variables.emplace_back(name, jinja::Value::fromJson(value));
  for (const auto &[name, text] : options.specialTokens)
    variables.emplace_back(name, jinja::Value(text));
  return variables;
}

std::string ChatTemplate::render(const Json &messages, const ChatOptions &options) const {
  if (!messages.is_array() || !options.variables.is_object())
    fail("messages: expected an array of messages and an object of variables");
  std::vector<std::pair<std::string, jinja::Value>> variables;
  try {
    variables = variablesOf(messages, options);
  } catch (const jinja::Problem &problem) {
    fail("messages: ", problem.what());
  }
  jinja::Interpreter interpreter(std::move(variables));
  try {
    return interpreter.render(impl->body);
  } catch (const jinja::Problem &problem) {
    fail(impl->origin, ": line ", interpreter.line(), ": ", problem.what());
  }
}

} // namespace xlstm
