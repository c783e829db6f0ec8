//===- Gather.cpp - the answers of one request ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Gather.h"
#include "xlstm/Runtime/Files/Utf8.h"

#include <algorithm>
#include <ctime>

namespace xlstm::serve {

size_t charactersOf(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string nameOf(const Service &service, int32_t id) {
  if (!service.model.tokenizer)
    return std::to_string(id);
  const std::string bytes = service.model.tokenizer->tokenBytes(id);
  if (validUtf8Prefix(bytes) == bytes.size())
    return bytes;
  std::string name = "bytes:";
  for (unsigned char byte : bytes) {
    char digits[5];
    std::snprintf(digits, sizeof digits, "\\x%02x", byte);
    name += digits;
  }
  return name;
}

Json nameOf(const std::optional<Finish> &finish) {
  return finish ? Json(*finish == Finish::Stop ? "stop" : "length") : Json();
}

/// One prompt's part of it.
class Gather::Ear : public Listener {
public:
  Ear(std::shared_ptr<Gather> gather, size_t prompt) : gather(std::move(gather)), prompt(prompt) {}
  void onPrompt(int64_t cached, std::vector<TokenChances> scored) override {
    gather->onPrompt(prompt, cached, std::move(scored));
  }
  void onToken(int choice, int32_t id, std::string text, std::optional<TokenChances> chances) override {
    gather->onToken(index(choice), id, std::move(text), std::move(chances));
  }
  void onEnd(int choice, std::string rest, Finish finish, int64_t tokens) override {
    gather->onEnd(index(choice), rest, finish, tokens);
  }
  void onError(int status, const std::string &message) override { gather->onError(status, message); }

private:
  size_t index(int choice) const { return prompt * static_cast<size_t>(gather->choices) + static_cast<size_t>(choice); }

  std::shared_ptr<Gather> gather;
  size_t prompt;
};

Gather::Gather(Exchange given, std::unique_ptr<Format> format, size_t prompts, int choices, bool isStream,
               bool countsUsage)
    : exchange(std::move(given)), format(std::move(format)), choices(choices), isStream(isStream),
      countsUsage(countsUsage), created(std::time(nullptr)), answers(prompts * static_cast<size_t>(choices)) {
  id = this->format->prefix() + std::to_string(exchange.service.started) + "-" +
       std::to_string(++exchange.service.requests);
  for (Written &answer : answers)
    answer.isFirst = true;
}

std::shared_ptr<Listener> Gather::listenTo(size_t prompt) { return std::make_shared<Ear>(shared_from_this(), prompt); }

Json Gather::usage() const {
  return {{"prompt_tokens", promptTokens},
          {"completion_tokens", writtenTokens},
          {"total_tokens", promptTokens + writtenTokens},
          {"prompt_tokens_details", {{"cached_tokens", cachedTokens}}}};
}

Json Gather::frame(Json list) const {
  return {{"id", id},
          {"object", format->name(isStream)},
          {"created", created},
          {"model", exchange.service.name},
          {"choices", std::move(list)}};
}

void Gather::sendEvent(const Json &event) {
  std::string text = "data: " + dump(event) + "\n\n";
  if (hasBegun)
    return exchange.responder->write(std::move(text));
  hasBegun = true;
  exchange.responder->begin({200, std::move(text), "text/event-stream", {{"Cache-Control", "no-cache"}}});
}

/// Sends what an answer has got, and forgets it.
void Gather::flush(size_t index) {
  Written &answer = answers[index];
  const bool isEmpty = answer.text.empty() && answer.chances.empty() && !answer.finish && !answer.isFirst &&
                       (exchange.service.model.tokenizer || answer.ids.empty());
  if (!isStream || isEmpty)
    return;
  Json event = frame(Json::array({format->choice(static_cast<int>(index), answer, true)}));
  if (countsUsage)
    event["usage"] = nullptr;
  sendEvent(event);
  const size_t offset = answer.offset + charactersOf(answer.text);
  answer = {};
  answer.offset = offset;
}

void Gather::onPrompt(size_t prompt, int64_t cached, std::vector<TokenChances> scored) {
  cachedTokens += static_cast<size_t>(cached);
  std::optional<Written> echo = format->echo(prompt);
  for (int choice = 0; choice < choices; ++choice) {
    const size_t index = prompt * static_cast<size_t>(choices) + static_cast<size_t>(choice);
    if (echo) {
      answers[index] = *echo;
      answers[index].isFirst = true;
      answers[index].chances = scored;
    }
    if (!isOver)
      flush(index);
  }
}

void Gather::onToken(size_t index, int32_t token, std::string text, std::optional<TokenChances> chances) {
  Written &answer = answers[index];
  answer.text += text;
  answer.ids.push_back(token);
  if (chances)
    answer.chances.push_back(std::move(*chances));
  if (!isOver)
    flush(index);
}

void Gather::onEnd(size_t index, const std::string &rest, Finish finish, int64_t tokens) {
  answers[index].text += rest;
  answers[index].finish = finish;
  writtenTokens += static_cast<size_t>(tokens);
  ++ended;
  if (isOver)
    return;
  flush(index);
  if (ended == answers.size())
    this->finish();
}

void Gather::finish() {
  isOver = true;
  if (isStream) {
    if (countsUsage) {
      Json event = frame(Json::array());
      event["usage"] = usage();
      sendEvent(event);
    }
    exchange.responder->write("data: [DONE]\n\n");
    exchange.responder->end();
  } else {
    Json list = Json::array();
    for (size_t n = 0; n < answers.size(); ++n)
      list.push_back(format->choice(static_cast<int>(n), answers[n], false));
    Json answer = frame(std::move(list));
    answer["usage"] = usage();
    exchange.send(answer);
  }
  log(200);
}

void Gather::onError(int status, const std::string &message) {
  if (std::exchange(isOver, true))
    return;
  for (const std::weak_ptr<Job> &weak : jobs)
    if (std::shared_ptr<Job> job = weak.lock())
      job->isGone = true;
  HttpResponse answer = errorAnswer(status, message);
  if (hasBegun) {
    exchange.responder->write("data: " + answer.body + "\n\n");
    exchange.responder->end();
  } else {
    exchange.responder->send(std::move(answer));
  }
  log(status);
}

void Gather::log(int status) const {
  exchange.service.log.write(exchange.request.method, exchange.request.path, status, exchange.start,
                             std::to_string(promptTokens) + " tokens read, " + std::to_string(cachedTokens) +
                                 " of them before, " + std::to_string(writtenTokens) + " written");
}

} // namespace xlstm::serve
