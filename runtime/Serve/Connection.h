//===- Connection.h - one client ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All of it runs in the one thread of the io_context; a responder posts what other threads want there.

#ifndef RUNTIME_SERVE_CONNECTION_H
#define RUNTIME_SERVE_CONNECTION_H

#include "runtime/Serve/Http.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <deque>
#include <optional>

namespace xlstm::serve {

/// What all connections share.
struct HttpShared {
  HttpOptions options;
  HttpHandler handler;
  HttpErrorAnswer errorAnswer;
  boost::asio::thread_pool workers{2}; // parse and tokenize
  std::atomic<size_t> clients = 0, answers = 0;
  bool isClosing = false;
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared);
  ~Connection();

  /// Reads the first request.
  void start();
  /// Tells a client that there are too many, and hangs up.
  void refuse();

private:
  class Reply;
  using Error = boost::system::error_code;

  void readRequest();
  void onHeader(Error error);
  void readBody();
  void onRequest(Error error);
  void refuseRequest(Error error);
  void watch();
  void onWatched(Error error, size_t bytes);

  void begin(HttpResponse response, bool isWhole);
  void write(std::string piece);
  void end();
  void put(std::string bytes);
  void flush();
  void onWritten(Error error);
  void finishAnswer();
  void drain();

  void expectWithin(std::chrono::seconds time);
  void hangUp();

  boost::asio::ip::tcp::socket socket;
  std::shared_ptr<HttpShared> shared;
  boost::asio::steady_timer timer;
  boost::beast::flat_buffer buffer;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser;

  std::deque<std::string> out; // the first is being written
  size_t outBytes = 0;
  std::function<void()> gone;
  uint64_t number = 0; // of the answer: a responder of one before is not heard
  bool isAnswering = false, hasBegun = false, isComplete = false, isChunked = false;
  bool keepsAlive = false, isOld = false, isWatching = false, isDraining = false, isClosed = false;
};

} // namespace xlstm::serve

#endif // RUNTIME_SERVE_CONNECTION_H
