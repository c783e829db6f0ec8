//===- HttpServer.cpp - clients and the end of a server -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Serve/Connection.h"
#include "xlstm/Support/Error.h"

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <thread>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace xlstm::serve {

struct HttpServer::Impl {
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::signal_set signals{context, SIGINT, SIGTERM};
  asio::steady_timer pause{context};
  std::shared_ptr<HttpShared> shared = std::make_shared<HttpShared>();
  std::function<void()> finish;
  std::thread finisher;

  void accept();
  void onSignal(int signal);
  void waitForAnswers(int left);
};

HttpServer::HttpServer(const HttpOptions &options, HttpHandler handler, HttpErrorAnswer errorAnswer)
    : impl(std::make_unique<Impl>()) {
  impl->shared->options = options;
  impl->shared->handler = std::move(handler);
  impl->shared->errorAnswer = std::move(errorAnswer);
  boost::system::error_code error;
  tcp::resolver resolver(impl->context);
  auto found = resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty())
    fail("--host: '", options.host, "' is no address of this machine: ", error.message());
  const tcp::endpoint endpoint = *found.begin();
  auto attempt = [&](auto &&step) {
    step();
    if (error)
      fail("cannot listen at ", options.host, ", port ", options.port, ": ", error.message());
  };
  attempt([&] { impl->acceptor.open(endpoint.protocol(), error); });
  attempt([&] { impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  attempt([&] { impl->acceptor.bind(endpoint, error); });
  attempt([&] { impl->acceptor.listen(asio::socket_base::max_listen_connections, error); });
}

HttpServer::~HttpServer() {
  impl->shared->workers.join();
  if (impl->finisher.joinable())
    impl->finisher.join();
}

int HttpServer::port() const { return impl->acceptor.local_endpoint().port(); }

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (!acceptor.is_open())
      return;
    if (error) { // such as no more descriptors
      pause.expires_after(std::chrono::milliseconds(100));
      pause.async_wait([this](boost::system::error_code stopped) {
        if (!stopped)
          accept();
      });
      return;
    }
    const bool isFull = shared->clients >= shared->options.mostClients;
    auto connection = std::make_shared<Connection>(std::move(socket), shared);
    isFull ? connection->refuse() : connection->start();
    accept();
  });
}

/// Looks ten times a second, `left` times at most.
void HttpServer::Impl::waitForAnswers(int left) {
  if (shared->answers == 0 || left == 0)
    return context.stop();
  pause.expires_after(std::chrono::milliseconds(100));
  pause.async_wait([this, left](boost::system::error_code) { waitForAnswers(left - 1); });
}

void HttpServer::Impl::onSignal(int signal) {
  if (shared->isClosing) { // once more: at once
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  shared->isClosing = true;
  acceptor.close();
  pause.cancel();
  signals.async_wait([this](boost::system::error_code error, int again) {
    if (!error)
      onSignal(again);
  });
  finisher = std::thread([this] {
    finish();
    asio::post(context, [this] { waitForAnswers(10); });
  });
}

void HttpServer::run(const std::function<void()> &finish) {
  impl->finish = finish;
  impl->signals.async_wait([this](boost::system::error_code error, int signal) {
    if (!error)
      impl->onSignal(signal);
  });
  impl->accept();
  impl->context.run();
}

} // namespace xlstm::serve
