//===- Service.h - what answers the requests ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_SERVICE_H
#define RUNTIME_SERVE_SERVICE_H

#include "runtime/Serve/Engine.h"
#include "runtime/Serve/Fields.h"
#include "runtime/Serve/Http.h"
#include "xlstm/Runtime/Serve/Serve.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"

namespace xlstm::serve {

/// A line on standard error for each request: never a word of a prompt.
struct RequestLog {
  bool isQuiet = false;
  void write(const std::string &method, const std::string &path, int status, Clock::time_point start,
             const std::string &more = "") const;
};

struct Service {
  Service(const ServeOptions &options, const ServedModel &model);

  const ServeOptions &options;
  const ServedModel &model;
  std::string name; // of the model, as clients see it
  std::vector<std::string> keys;
  std::optional<ChatTemplate> chat, toolChat; // toolChat: with tools, where that is another
  const int64_t started;                      // seconds since 1970
  RequestLog log;
  std::atomic<bool> isClosing = false;
  std::atomic<uint64_t> requests = 0;
  mutable std::once_flag hasBytes;
  mutable std::shared_ptr<const std::vector<std::string>> bytes; // tokenBytes()
  Engine engine; // last: its thread ends first

  const Tokenizer &tokenizer() const; // ApiError where there is none
  /// The bytes of each token that may stand in a JSON text; made when the first answer has to be one.
  std::shared_ptr<const std::vector<std::string>> tokenBytes() const;
  /// Tokens of a text at most; null: any number.
  Json context() const { return model.cacheTokens ? Json(model.cacheTokens) : Json(); }
};

/// One request on its way.
struct Exchange {
  Service &service;
  HttpRequest request;
  std::shared_ptr<Responder> responder;
  Clock::time_point start = Clock::now();

  Json body() const { return parseJson(request.body, "the body"); }
  void send(const Json &answer, int status = 200) const;
};

// The endpoints. They throw ApiError.
void complete(Exchange exchange);
void chat(Exchange exchange);
void tokenize(Exchange exchange);
void detokenize(Exchange exchange);
void applyTemplate(Exchange exchange);
void listModels(Exchange exchange);
void tellHealth(Exchange exchange);
void tellMetrics(Exchange exchange);
void listSlots(Exchange exchange);
void changeSlot(Exchange exchange);
void showPage(Exchange exchange);

/// The prompt of a body with messages and tools, as the model's template writes it. Throws ApiError.
std::string renderChat(const Service &service, const Json &body);

/// Finds the endpoint, checks key and origin, and answers what goes wrong.
void route(Service &service, HttpRequest request, std::shared_ptr<Responder> responder);

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_SERVICE_H
