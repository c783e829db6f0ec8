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

  /// Throws Error as ChatTemplate::render does; of a conversation that the template refuses, `refusal` says so.
  std::string render(const Json &messages, const ChatOptions &options, std::string &refusal) const;
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
  std::string refusal;
  std::string text = impl->render(messages, options, refusal);
  if (!refusal.empty())
    throw Error(refusal);
  return text;
}

std::string ChatTemplate::Impl::render(const Json &messages, const ChatOptions &options, std::string &refusal) const {
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
    return interpreter.render(body);
  } catch (const jinja::Refusal &problem) {
    refusal = origin + ": line " + std::to_string(interpreter.line()) + ": " + problem.what();
    return {};
  } catch (const jinja::Problem &problem) {
    fail(origin, ": line ", interpreter.line(), ": ", problem.what());
  }
}

/// Messages, and tools or null, such as transformers would be given.
static std::vector<std::pair<Json, Json>> smallConversations() {
  Json system = {{"role", "system"}, {"content", "Be brief."}}, user = {{"role", "user"}, {"content", "Hello"}};
  Json answer = {{"role", "assistant"}, {"content", "Hello!"}};
  Json tools =
      parseJson(R"([{"type": "function", "function": {"name": "weather", "description": "The weather of a city.",
      "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "Its name."}},
                     "required": ["city"]}}}])",
                "tools");
  return {{Json::array({user}), Json()},
          {Json::array({system, user}), Json()},
          {Json::array({user, answer, user}), Json()},
          {Json::array({user}), tools},
          {Json::array({system, user, answer, user}), tools}};
}

std::optional<std::string> ChatTemplate::findFault(const std::map<std::string, std::string> &specialTokens,
                                                   bool withoutTools, bool withTools) const {
  ChatOptions options;
  options.specialTokens = specialTokens;
  for (const auto &[messages, tools] : smallConversations()) {
    if (tools.is_null() ? !withoutTools : !withTools)
      continue;
    if (!tools.is_null())
      options.variables["tools"] = tools;
    try {
      std::string refusal;
      impl->render(messages, options, refusal);
    } catch (const Error &error) {
      return std::string(error.what()) + (tools.is_null() ? "" : ", in a conversation with tools");
    }
  }
  return std::nullopt;
}

} // namespace xlstm
