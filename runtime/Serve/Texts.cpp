//===- Texts.cpp - /tokenize, /detokenize, /apply-template, /v1/models -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Service.h"
#include "xlstm/Runtime/Text/EncodeText.h"

namespace xlstm::serve {

/// As llama-server's: "content", "add_special" (false), "with_pieces" (false).
void tokenize(Exchange exchange) {
  const Json body = exchange.body();
  const Fields fields(body);
  static constexpr const char *known[] = {"content", "add_special", "with_pieces", "parse_special", "model"};
  fields.checkNames(known, std::span<const NeutralField>());
  const std::string text = fields.text("content");
  const Tokenizer &tokenizer = exchange.service.tokenizer();
  const std::vector<int32_t> ids =
      fields.flag("add_special", false) ? encodeText(tokenizer, text) : tokenizer.encode(text, /*addSpecial=*/false);
  Json tokens = Json::array();
  const bool hasPieces = fields.flag("with_pieces", false);
  for (int32_t id : ids)
    tokens.push_back(hasPieces ? Json({{"id", id}, {"piece", tokenizer.tokenBytes(id)}}) : Json(id));
  exchange.send({{"tokens", std::move(tokens)}});
}

void detokenize(Exchange exchange) {
  const Json body = exchange.body();
  const Fields fields(body);
  static constexpr const char *known[] = {"tokens", "model"};
  fields.checkNames(known, std::span<const NeutralField>());
  const std::vector<int32_t> ids = fields.tokens("tokens", fields.get("tokens"), exchange.service.model.vocab);
  exchange.send({{"content", exchange.service.tokenizer().decode(ids, /*skipSpecial=*/false)}});
}

void applyTemplate(Exchange exchange) {
  const Json body = exchange.body();
  exchange.send({{"prompt", renderChat(exchange.service, body)}});
}

void listModels(Exchange exchange) {
  const Service &service = exchange.service;
  Json meta = {
      {"n_vocab", service.model.vocab}, {"n_ctx", service.context()}, {"has_chat_template", service.chat.has_value()}};
  Json model = {{"id", service.name},
                {"object", "model"},
                {"created", service.started},
                {"owned_by", "xlstm"},
                {"meta", std::move(meta)}};
  exchange.send({{"object", "list"}, {"data", Json::array({std::move(model)})}});
}

} // namespace xlstm::serve
