//===- Chat.cpp - /v1/chat/completions -------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Sampling.h"
#include "xlstm/Runtime/Text/EncodeText.h"

namespace xlstm::serve {

namespace {

class ChatFormat : public Format {
public:
  ChatFormat(const Service &service, bool tellsChances) : service(service), tellsChances(tellsChances) {}
  const char *name(bool isStream) const override { return isStream ? "chat.completion.chunk" : "chat.completion"; }
  const char *prefix() const override { return "chatcmpl-"; }
  Json choice(int index, const Written &written, bool isStream) const override;

private:
  Json one(const Chance &chance) const;
  Json chances(const Written &written) const;

  const Service &service;
  bool tellsChances;
};

} // namespace

Json ChatFormat::one(const Chance &chance) const {
  Json bytes = Json::array();
  for (unsigned char byte : service.tokenizer().tokenBytes(chance.id))
    bytes.push_back(byte);
  return {{"token", nameOf(service, chance.id)}, {"logprob", chance.logProbability}, {"bytes", std::move(bytes)}};
}

Json ChatFormat::chances(const Written &written) const {
  if (!tellsChances)
    return nullptr;
  Json content = Json::array();
  for (const TokenChances &token : written.chances) {
    Json entry = one(token.own), top = Json::array();
    for (const Chance &chance : token.top)
      top.push_back(one(chance));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

Json ChatFormat::choice(int index, const Written &written, bool isStream) const {
  Json message = Json::object();
  if (written.isFirst)
    message["role"] = "assistant";
  if (!isStream || !written.text.empty() || written.isFirst)
    message["content"] = written.text;
  return {{"index", index},
          {isStream ? "delta" : "message", std::move(message)},
          {"logprobs", chances(written)},
          {"finish_reason", nameOf(written.finish)}};
}

/// Texts alone: what was cut into parts is put together, as templates expect it.
static Json readMessage(const Json &given, size_t number) {
  const std::string where = "messages[" + std::to_string(number) + "].";
  const Fields fields(given, where);
  fields.text("role");
  Json message = given;
  const Json *content = fields.find("content");
  if (!content) {
    if (!fields.find("tool_calls"))
      fields.get("content");
    return message;
  }
  if (content->is_string())
    return message;
  if (!content->is_array())
    fields.refuse("content", "a string or a list of parts", content);
  std::string text;
  for (const Json &part : *content) {
    const Fields one(part, where + "content.");
    if (std::string type = one.text("type"); type != "text")
      one.refuse("type", "'text': this model reads nothing else", &part["type"]);
    text += one.text("text");
  }
  message["content"] = text;
  return message;
}

static Json readMessages(const Fields &fields) {
  const Json &given = fields.get("messages");
  if (!given.is_array() || given.empty())
    fields.refuse("messages", "a list of messages", &given);
  Json messages = Json::array();
  for (size_t n = 0; n < given.size(); ++n)
    messages.push_back(readMessage(given[n], n));
  return messages;
}

/// Null where there are none, or the template is not to see them.
static Json readTools(const Fields &fields) {
  const Json *tools = fields.find("tools");
  if (tools && !tools->is_array())
    fields.refuse("tools", "a list of tools", tools);
  for (size_t n = 0; tools && n < tools->size(); ++n)
    Fields((*tools)[n], "tools[" + std::to_string(n) + "].");
  bool isShown = tools && !tools->empty();
  if (const Json *choice = fields.find("tool_choice")) {
    if (*choice != "auto" && *choice != "none")
      fields.refuse("tool_choice", "'auto' or 'none': this server makes no model call a tool", choice);
    isShown = isShown && *choice == "auto";
  }
  return isShown ? *tools : Json();
}

std::string renderChat(const Service &service, const Json &body) {
  if (!service.chat)
    throw ApiError(400, "this model has no chat template: /v1/completions continues a text without one");
  const Fields fields(body);
  ChatOptions options;
  options.specialTokens = service.model.chat.specialTokens;
  options.addGenerationPrompt = fields.flag("add_generation_prompt", true);
  if (const Json *more = fields.find("chat_template_kwargs")) {
    Fields(*more, "chat_template_kwargs.");
    options.variables = *more;
  }
  Json tools = readTools(fields);
  const bool hasTools = !tools.is_null();
  if (hasTools)
    options.variables["tools"] = std::move(tools);
  const Json messages = readMessages(fields);
  try {
    return (hasTools && service.toolChat ? service.toolChat : service.chat)->render(messages, options);
  } catch (const ApiError &) {
    throw;
  } catch (const Error &error) { // the template refuses the conversation
    throw ApiError(400, error.what(), "messages");
  }
}

void chat(Exchange exchange) {
  const Json body = exchange.body();
  const Fields fields(body);
  static constexpr const char *own[] = {"messages",
                                        "tools",
                                        "tool_choice",
                                        "parallel_tool_calls",
                                        "max_completion_tokens",
                                        "top_logprobs",
                                        "add_generation_prompt",
                                        "chat_template_kwargs"};
  checkFields(fields, own);
  Service &service = exchange.service;
  Sampling sampling = readSampling(fields, service, -1);
  const bool tells = fields.flag("logprobs", false);
  const int64_t top = fields.integer("top_logprobs", 0, 0, mostChances);
  if (top && !tells)
    fields.refuse("top_logprobs", "logprobs to be true with it");
  sampling.writing.chances = tells ? static_cast<int>(top) : -1;
  std::vector<int32_t> ids = service.tokenizer().encode(renderChat(service, body), /*addSpecial=*/false);
  checkTokens(ids, service.model.vocab, service.tokenizer(), "the messages");
  auto gather = std::make_shared<Gather>(exchange, std::make_unique<ChatFormat>(service, tells), 1, sampling.choices,
                                         sampling.isStream, sampling.countsUsage);
  submit(exchange, {std::make_shared<const Tokens>(std::move(ids))}, sampling, gather, /*scoresPrompts=*/false,
         /*readsAnswers=*/true);
}

} // namespace xlstm::serve
