//===- Completions.cpp - /v1/completions -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Sampling.h"
#include "xlstm/Runtime/Text/EncodeText.h"

#include <algorithm>

namespace xlstm::serve {

constexpr size_t mostPrompts = 1024;

namespace {

struct Prompt {
  std::shared_ptr<const Tokens> tokens;
  std::string text; // where it was given as one
};

class CompletionFormat : public Format {
public:
  CompletionFormat(const Service &service, std::vector<Prompt> prompts, bool echoes, bool tellsChances)
      : service(service), prompts(std::move(prompts)), echoes(echoes), tellsChances(tellsChances) {}

  const char *name(bool) const override { return "text_completion"; }
  const char *prefix() const override { return "cmpl-"; }
  Json choice(int index, const Written &written, bool isStream) const override;
  std::optional<Written> echo(size_t prompt) const override;

private:
  Json chances(const Written &written) const;

  const Service &service;
  std::vector<Prompt> prompts;
  bool echoes, tellsChances;
};

} // namespace

std::optional<Written> CompletionFormat::echo(size_t prompt) const {
  if (!echoes)
    return std::nullopt;
  Written written;
  const Prompt &given = prompts[prompt];
  written.ids = *given.tokens;
  written.text = given.text;
  if (given.text.empty() && service.model.tokenizer)
    written.text = service.model.tokenizer->decode(written.ids, /*skipSpecial=*/false);
  return written;
}

/// OpenAI's four lists, one entry a token.
Json CompletionFormat::chances(const Written &written) const {
  Json tokens = Json::array(), own = Json::array(), top = Json::array(), offsets = Json::array();
  size_t offset = written.offset;
  const size_t without = written.ids.size() - std::min(written.ids.size(), written.chances.size());
  for (size_t n = 0; n < written.ids.size(); ++n) {
    const std::string name = nameOf(service, written.ids[n]);
    tokens.push_back(name);
    offsets.push_back(offset);
    offset += charactersOf(name);
    if (n < without) {
      own.push_back(nullptr);
      top.push_back(nullptr);
      continue;
    }
    const TokenChances &chance = written.chances[n - without];
    own.push_back(chance.own.logProbability);
    Json likeliest = Json::object();
    for (const Chance &one : chance.top)
      likeliest.emplace(nameOf(service, one.id), one.logProbability);
    likeliest.emplace(name, chance.own.logProbability);
    top.push_back(std::move(likeliest));
  }
  return {{"tokens", std::move(tokens)},
          {"token_logprobs", std::move(own)},
          {"top_logprobs", std::move(top)},
          {"text_offset", std::move(offsets)}};
}

Json CompletionFormat::choice(int index, const Written &written, bool) const {
  Json choice = {{"index", index},
                 {"text", written.text},
                 {"logprobs", tellsChances ? chances(written) : Json()},
                 {"finish_reason", nameOf(written.finish)}};
  if (!service.model.tokenizer)
    choice["tokens"] = written.ids;
  return choice;
}

static Prompt readText(const Service &service, const Json &text) {
  Prompt prompt;
  prompt.text = text.get<std::string>();
  std::vector<int32_t> ids = encodeText(service.tokenizer(), prompt.text);
  checkTokens(ids, service.model.vocab, service.tokenizer(), "the prompt");
  prompt.tokens = std::make_shared<const Tokens>(std::move(ids));
  return prompt;
}

/// A text, a list of texts, token ids, or a list of lists of them.
static std::vector<Prompt> readPrompts(const Fields &fields, const Service &service) {
  const Json &given = fields.get("prompt");
  auto ids = [&](const Json &list) {
    return Prompt{std::make_shared<const Tokens>(fields.tokens("prompt", list, service.model.vocab)), ""};
  };
  if (given.is_string())
    return {readText(service, given)};
  if (!given.is_array() || given.empty())
    fields.refuse("prompt", "a string, token ids, or a list of them", &given);
  if (given[0].is_number())
    return {ids(given)};
  if (given.size() > mostPrompts)
    fields.refuse("prompt", std::to_string(mostPrompts) + " prompts at most, found " + std::to_string(given.size()));
  std::vector<Prompt> prompts;
  for (const Json &one : given) {
    if (!one.is_string() && !one.is_array())
      fields.refuse("prompt", "strings, or lists of token ids", &one);
    prompts.push_back(one.is_string() ? readText(service, one) : ids(one));
  }
  return prompts;
}

void complete(Exchange exchange) {
  const Json body = exchange.body();
  const Fields fields(body);
  static constexpr const char *own[] = {"prompt", "echo", "best_of"};
  checkFields(fields, own);
  Service &service = exchange.service;
  Sampling sampling = readSampling(fields, service, 16);
  if (fields.integer("best_of", sampling.choices, 1, 1 << 20) != sampling.choices)
    fields.refuse("best_of", "n, " + std::to_string(sampling.choices) + ": this server chooses among nothing");
  const bool echoes = fields.flag("echo", false);
  sampling.writing.chances = static_cast<int>(fields.integer("logprobs", -1, 0, mostChances));
  if (!fields.find("logprobs"))
    sampling.writing.chances = -1;
  const bool tells = sampling.writing.chances >= 0;
  std::vector<Prompt> prompts = readPrompts(fields, service);
  std::vector<std::shared_ptr<const Tokens>> tokens;
  for (const Prompt &prompt : prompts)
    tokens.push_back(prompt.tokens);
  auto gather =
      std::make_shared<Gather>(exchange, std::make_unique<CompletionFormat>(service, std::move(prompts), echoes, tells),
                               tokens.size(), sampling.choices, sampling.isStream, sampling.countsUsage);
  submit(exchange, tokens, sampling, gather, echoes && tells, /*readsAnswers=*/false);
}

} // namespace xlstm::serve
