//===- Router.cpp - which request goes where -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Service.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm::serve {

namespace {

struct Route {
  const char *method, *path; // a path that ends in '/' takes all below it, but for "/"
  void (*answer)(Exchange exchange);
  bool isPublic;   // needs no key
  bool logsItself; // when the last of it is sent
};

} // namespace

static constexpr Route routes[] = {
    {"GET", "/", showPage, true, false},
    {"GET", "/health", tellHealth, true, false},
    {"GET", "/v1/health", tellHealth, true, false},
    {"GET", "/v1/models", listModels, false, false},
    {"GET", "/models", listModels, false, false},
    {"POST", "/v1/completions", complete, false, true},
    {"POST", "/v1/chat/completions", chat, false, true},
    {"POST", "/chat/completions", chat, false, true},
    {"POST", "/tokenize", tokenize, false, false},
    {"POST", "/detokenize", detokenize, false, false},
    {"POST", "/apply-template", applyTemplate, false, false},
    {"GET", "/metrics", tellMetrics, false, false},
    {"GET", "/slots", listSlots, false, false},
    {"POST", "/slots/", changeSlot, false, false},
};

static bool fits(const Route &route, std::string_view path) {
  const std::string_view own = route.path;
  return own.size() > 1 && own.ends_with('/') ? path.starts_with(own) : path == own;
}

/// Takes as long whatever differs.
static bool isEqual(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() != b.size();
  for (size_t n = 0; n < a.size(); ++n)
    differs |= static_cast<unsigned char>(a[n] ^ (b.empty() ? 0 : b[n % b.size()]));
  return !differs;
}

static void checkKey(const Service &service, const HttpRequest &request) {
  if (service.keys.empty())
    return;
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view given = request.authorization;
  bool isKnown = false;
  if (given.starts_with(scheme))
    for (const std::string &key : service.keys)
      isKnown |= isEqual(given.substr(scheme.size()), key);
  if (!isKnown)
    throw ApiError(401, "expected the header 'Authorization: Bearer KEY' with a key of this server");
}

/// A page of another site may not make its visitor's browser ask this server.
static void checkOrigin(const Service &service, const HttpRequest &request) {
  const std::string &origin = request.origin, &allowed = service.options.origin;
  if (origin.empty() || allowed == "*" || origin == allowed || origin == "http://" + request.host ||
      origin == "https://" + request.host)
    return;
  throw ApiError(403, "requests from pages of " + quote(origin) + " are not allowed: --cors ORIGIN allows them");
}

/// Adds what lets a page of --cors read the answer.
static HttpResponse withOrigin(const Service &service, HttpResponse response) {
  if (!service.options.origin.empty()) {
    response.headers.emplace_back("Access-Control-Allow-Origin", service.options.origin);
    response.headers.emplace_back("Vary", "Origin");
  }
  return response;
}

namespace {

/// Adds the headers of CORS to what goes through it.
class OriginResponder : public Responder {
public:
  OriginResponder(const Service &service, std::shared_ptr<Responder> next) : service(service), next(std::move(next)) {}
  void send(HttpResponse response) override { next->send(withOrigin(service, std::move(response))); }
  void begin(HttpResponse response) override { next->begin(withOrigin(service, std::move(response))); }
  void write(std::string piece) override { next->write(std::move(piece)); }
  void end() override { next->end(); }
  void onGone(std::function<void()> call) override { next->onGone(std::move(call)); }

private:
  const Service &service;
  std::shared_ptr<Responder> next;
};

} // namespace

static const Route &findRoute(const HttpRequest &request) {
  std::string allowed;
  for (const Route &route : routes) {
    if (!fits(route, request.path))
      continue;
    if (request.method == route.method)
      return route;
    allowed = route.method;
  }
  if (!allowed.empty())
    throw ApiError(405, request.path + " takes " + allowed + ", found " + quote(request.method));
  throw ApiError(404, "there is no " + quote(request.path) + " here; docs/Serving.md lists what there is");
}

void RequestLog::write(const std::string &method, const std::string &path, int status, Clock::time_point start,
                       const std::string &more) const {
  if (isQuiet)
    return;
  const std::time_t now = std::time(nullptr);
  std::tm parts;
  gmtime_r(&now, &parts);
  char when[32];
  std::strftime(when, sizeof when, "%FT%TZ", &parts);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
  std::fprintf(stderr, "%s %s %s %d %lld ms%s%s\n", when, escapeControls(method).c_str(),
               escapeControls(path.substr(0, 80)).c_str(), status, static_cast<long long>(took),
               more.empty() ? "" : ", ", more.c_str());
}

static void answerPreflight(const Exchange &exchange) {
  exchange.responder->send({204,
                            "",
                            "",
                            {{"Access-Control-Allow-Methods", "GET, POST"},
                             {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                             {"Access-Control-Max-Age", "600"}}});
}

void route(Service &service, HttpRequest request, std::shared_ptr<Responder> responder) {
  if (!service.options.origin.empty())
    responder = std::make_shared<OriginResponder>(service, std::move(responder));
  const Clock::time_point start = Clock::now();
  const std::string method = request.method, path = request.path;
  int status = 200;
  bool isLogged = false;
  auto refuse = [&](int code, const std::string &message, const std::string &field) {
    status = code;
    responder->send(errorAnswer(code, message, field));
  };
  try {
    checkOrigin(service, request);
    if (method == "OPTIONS" && !service.options.origin.empty()) {
      status = 204;
      answerPreflight({service, std::move(request), responder});
    } else {
      const Route &found = findRoute(request);
      if (!found.isPublic)
        checkKey(service, request);
      found.answer({service, std::move(request), responder});
      isLogged = found.logsItself;
    }
  } catch (const ApiError &error) {
    refuse(error.status, error.what(), error.field);
  } catch (const Error &error) { // such as a body that is no JSON, or text that is no UTF-8
    refuse(service.isClosing ? 503 : 400, error.what(), "");
  }
  if (!isLogged)
    service.log.write(method, path, status, start);
}

} // namespace xlstm::serve
