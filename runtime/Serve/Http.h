//===- Http.h - requests and their answers --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_SERVE_HTTP_H
#define RUNTIME_SERVE_HTTP_H

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xlstm::serve {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method, path, query; // of the target "path?query"
  std::string body;
  std::string authorization, origin, host; // headers; empty where absent

  /// The value of NAME=VALUE in the query, percent-decoded; empty where absent.
  std::string parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string body, type = "application/json";
  Headers headers = {};
};

/// The way back to a client, from any thread. Either send(), or begin(), write() and end(). What comes after that, or
/// for a client that is gone, is lost.
class Responder {
public:
  virtual ~Responder() = default;
  virtual void send(HttpResponse response) = 0;
  /// Headers of a body that comes in pieces; `response.body` is its first.
  virtual void begin(HttpResponse response) = 0;
  virtual void write(std::string piece) = 0;
  virtual void end() = 0;
  /// Called once, in the server's thread, when the client leaves before its answer is complete, or has left. To be said
  /// before anything is sent.
  virtual void onGone(std::function<void()> call) = 0;
};

/// May return before it has answered. Called by one of a few threads; what it throws is answered by 500.
using HttpHandler = std::function<void(HttpRequest request, std::shared_ptr<Responder> responder)>;

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 8080; // 0: any that is free
  size_t mostClients = 256;
  size_t mostBody = size_t{8} << 20;
  /// A client that does not take what is written, or does not send what it has begun, for so long is gone; one that
  /// asks nothing more, too.
  std::chrono::seconds patience{30};
  /// Bytes that wait for a client; with more it is gone.
  size_t mostUnread = size_t{4} << 20;
};

/// Says what an error of HTTP itself looks like: a request that cannot be read, is too large, or comes too often.
using HttpErrorAnswer = std::function<HttpResponse(int status, const std::string &message)>;

/// HTTP/1.1 over TCP, without TLS.
class HttpServer {
public:
  /// Takes the port. Throws Error where it cannot.
  HttpServer(const HttpOptions &options, HttpHandler handler, HttpErrorAnswer errorAnswer);
  ~HttpServer();

  int port() const;
  /// Serves until SIGINT or SIGTERM. Then takes no more clients, calls `finish`, and returns when it has returned and
  /// all answers are sent, or after a second. Another signal ends the process.
  void run(const std::function<void()> &finish);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_HTTP_H
