//===- Connection.cpp - one client ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace xlstm::serve {

constexpr uint32_t mostHeader = 32 << 10;
constexpr size_t mostAhead = 64 << 10; // that a client may send before it has its answer
constexpr size_t onePiece = 64 << 10;  // of what is written: each has its time

/// The way to a connection from other threads.
class Connection::Reply : public Responder {
public:
  Reply(const std::shared_ptr<Connection> &to)
      : executor(to->socket.get_executor()), connection(to), number(to->number) {}
  ~Reply() override { // nobody else can answer
    post([](Connection &c) {
      if (!c.isComplete)
        c.hangUp();
    });
  }
  void send(HttpResponse response) override {
    post([response = std::move(response)](Connection &c) { c.begin(response, /*isWhole=*/true); });
  }
  void begin(HttpResponse response) override {
    post([response = std::move(response)](Connection &c) { c.begin(response, /*isWhole=*/false); });
  }
  void write(std::string piece) override {
    post([piece = std::move(piece)](Connection &c) { c.write(piece); });
  }
  void end() override {
    post([](Connection &c) { c.end(); });
  }
  void onGone(std::function<void()> call) override {
    asio::post(executor, [weak = connection, number = number, call = std::move(call)] {
      std::shared_ptr<Connection> c = weak.lock();
      if (!c || c->isClosed)
        call();
      else if (c->number == number)
        c->gone = call;
    });
  }

private:
  template <typename Call>
  void post(Call call) {
    asio::post(executor, [weak = connection, number = number, call = std::move(call)] {
      if (std::shared_ptr<Connection> c = weak.lock(); c && c->number == number && !c->isClosed)
        call(*c);
    });
  }

  asio::any_io_executor executor;
  std::weak_ptr<Connection> connection;
  uint64_t number;
};

Connection::Connection(asio::ip::tcp::socket given, std::shared_ptr<HttpShared> shared)
    : socket(std::move(given)), shared(std::move(shared)), timer(socket.get_executor()),
      buffer(this->shared->options.mostBody + mostHeader + mostAhead) {
  ++this->shared->clients;
  Error ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { --shared->clients; }

void Connection::start() { readRequest(); }

void Connection::refuse() {
  isAnswering = true;
  ++shared->answers;
  begin(shared->errorAnswer(503, "the server has as many clients as it takes"), /*isWhole=*/true);
}

void Connection::expectWithin(std::chrono::seconds time) {
  timer.expires_after(time);
  timer.async_wait([self = shared_from_this()](Error error) {
    if (!error)
      self->hangUp();
  });
}

void Connection::hangUp() {
  if (isClosed)
    return;
  isClosed = true;
  if (isAnswering)
    --shared->answers;
  timer.cancel();
  Error ignored;
  socket.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  socket.close(ignored);
  if (gone && !isComplete)
    std::exchange(gone, nullptr)();
  gone = nullptr;
}

//===- Requests ----------------------------------------------------------------

void Connection::readRequest() {
  if (shared->isClosing)
    return hangUp();
  hasBegun = isComplete = isChunked = false;
  parser.emplace();
  parser->header_limit(mostHeader);
  parser->body_limit(shared->options.mostBody);
  expectWithin(shared->options.patience);
  http::async_read_header(socket, buffer, *parser,
                          [self = shared_from_this()](Error error, size_t) { self->onHeader(error); });
}

void Connection::onHeader(Error error) {
  if (error)
    return refuseRequest(error);
  if (parser->get()[http::field::expect] != "100-continue")
    return readBody();
  static const std::string goOn = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket, asio::buffer(goOn),
                    [self = shared_from_this()](Error failed, size_t) { failed ? self->hangUp() : self->readBody(); });
}

void Connection::readBody() {
  http::async_read(socket, buffer, *parser,
                   [self = shared_from_this()](Error error, size_t) { self->onRequest(error); });
}

/// What HTTP itself does not allow gets its answer here; a client that has gone gets none.
void Connection::refuseRequest(Error error) {
  if (isClosed || error == http::error::end_of_stream ||
      error.category() != make_error_code(http::error::bad_method).category())
    return hangUp();
  const bool isLarge = error == http::error::body_limit, isLong = error == http::error::header_limit;
  const int status = isLarge ? 413 : isLong ? 431 : 400;
  const std::string most = std::to_string(shared->options.mostBody);
  keepsAlive = false;
  isAnswering = true;
  ++shared->answers;
  begin(shared->errorAnswer(status, isLarge  ? "the body has more than the " + most + " bytes that are allowed"
                                    : isLong ? "the headers are too long"
                                             : "the request is not HTTP: " + error.message()),
        /*isWhole=*/true);
}

static std::string textOf(boost::beast::string_view text) { return {text.data(), text.size()}; }

void Connection::onRequest(Error error) {
  if (error)
    return refuseRequest(error);
  timer.cancel();
  http::request<http::string_body> message = parser->release();
  HttpRequest request;
  request.method = textOf(message.method_string());
  std::string target = textOf(message.target());
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query = question == target.npos ? "" : target.substr(question + 1);
  request.body = std::move(message.body());
  request.authorization = textOf(message[http::field::authorization]);
  request.origin = textOf(message[http::field::origin]);
  request.host = textOf(message[http::field::host]);
  keepsAlive = message.keep_alive() && !shared->isClosing;
  isOld = message.version() < 11;
  ++number;
  ++shared->answers;
  isAnswering = true;
  std::shared_ptr<Responder> reply = std::make_shared<Reply>(shared_from_this());
  asio::post(shared->workers, [shared = shared, reply, request = std::move(request)]() mutable {
    try {
      shared->handler(std::move(request), reply);
    } catch (const std::exception &failure) {
      reply->send(shared->errorAnswer(500, failure.what()));
    }
  });
  watch();
}

/// Sees that a client leaves while it waits for its answer.
void Connection::watch() {
  if (isWatching || isClosed)
    return;
  if (buffer.size() > mostAhead)
    return hangUp();
  isWatching = true;
  socket.async_read_some(buffer.prepare(4096),
                         [self = shared_from_this()](Error error, size_t bytes) { self->onWatched(error, bytes); });
}

void Connection::onWatched(Error error, size_t bytes) {
  isWatching = false;
  if (error && (error != asio::error::operation_aborted || isClosed))
    return hangUp();
  if (!isDraining)
    buffer.commit(bytes);
  isAnswering || isDraining ? watch() : readRequest();
}

//===- Answers -----------------------------------------------------------------

void Connection::begin(HttpResponse response, bool isWhole) {
  if (hasBegun)
    return;
  hasBegun = true;
  isChunked = !isWhole && !isOld;
  keepsAlive = keepsAlive && (isWhole || isChunked);
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " +
                     textOf(http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)))) +
                     "\r\n";
  auto add = [&](const std::string &name, const std::string &value) { head += name + ": " + value + "\r\n"; };
  if (!response.type.empty())
    add("Content-Type", response.type);
  if (isWhole)
    add("Content-Length", std::to_string(response.body.size()));
  else if (isChunked)
    add("Transfer-Encoding", "chunked");
  add("Connection", keepsAlive ? "keep-alive" : "close");
  for (const auto &[name, value] : response.headers)
    add(name, value);
  put(head + "\r\n");
  if (isWhole) {
    put(std::move(response.body));
    isComplete = true;
  } else {
    write(std::move(response.body));
  }
  flush();
}

void Connection::write(std::string piece) {
  if (!hasBegun || isComplete || piece.empty())
    return;
  if (isChunked) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    piece = size + piece + "\r\n";
  }
  put(std::move(piece));
  flush();
}

void Connection::end() {
  if (!hasBegun || isComplete)
    return;
  isComplete = true;
  if (isChunked)
    put("0\r\n\r\n");
  flush();
}

void Connection::put(std::string bytes) {
  outBytes += bytes.size();
  const bool isIdle = out.empty();
  for (size_t at = 0; at < bytes.size(); at += onePiece)
    out.push_back(bytes.size() <= onePiece ? std::move(bytes) : bytes.substr(at, onePiece));
  if (isIdle && !out.empty()) {
    expectWithin(shared->options.patience);
    asio::async_write(socket, asio::buffer(out.front()),
                      [self = shared_from_this()](Error error, size_t) { self->onWritten(error); });
  }
}

/// A stream that its reader does not take is cut; a whole answer is as large as it is.
void Connection::flush() {
  if (!isComplete && outBytes > shared->options.mostUnread)
    hangUp();
  else if (isComplete && out.empty())
    finishAnswer();
}

void Connection::onWritten(Error error) {
  if (error || isClosed)
    return hangUp();
  outBytes -= out.front().size();
  out.pop_front();
  timer.cancel();
  if (out.empty())
    return flush();
  expectWithin(shared->options.patience);
  asio::async_write(socket, asio::buffer(out.front()),
                    [self = shared_from_this()](Error failed, size_t) { self->onWritten(failed); });
}

void Connection::finishAnswer() {
  if (!isAnswering)
    return;
  isAnswering = false;
  --shared->answers;
  gone = nullptr;
  ++number;
  if (!keepsAlive || shared->isClosing)
    return drain();
  if (!isWatching)
    return readRequest();
  socket.cancel(); // onWatched() goes on: what it has read already is not lost
}

/// Hangs up when the client does, or soon: closing at once would take from it, with what it still sends, the answer.
void Connection::drain() {
  Error ignored;
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  isDraining = true;
  expectWithin(std::chrono::seconds(2));
  buffer.clear();
  watch();
}

} // namespace xlstm::serve
