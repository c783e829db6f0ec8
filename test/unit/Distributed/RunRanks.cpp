//===- RunRanks.cpp - processes of a test that form a group ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunRanks.h"

#include "xlstm/Runtime/Distributed/Group.h"

#include "gtest/gtest.h"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace xlstm::test {

/// A socket that listens at a free port of this host.
static int listenAnywhere(int64_t &port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  auto *plain = reinterpret_cast<sockaddr *>(&address);
  EXPECT_EQ(::bind(socket, plain, size), 0);
  EXPECT_EQ(::listen(socket, 64), 0);
  EXPECT_EQ(::getsockname(socket, plain, &size), 0);
  port = ntohs(address.sin_port);
  return socket;
}

[[noreturn]] static void runRank(const Place &place, const std::function<void()> &body) {
  std::signal(SIGPIPE, SIG_IGN); // a store that has gone is an error, as in xlstm, whose main heeds the signal
  try {
    Group::start(place);
    body();
    Group::finish();
  } catch (const std::exception &error) {
    std::fprintf(stderr, "rank %d: %s\n", int(place.rank), error.what());
    Group::world().report(error.what());
    ::_exit(1);
  }
  std::fflush(stdout);
  ::_exit(testing::Test::HasFailure() ? 1 : 0);
}

std::vector<int> runRanks(int64_t count, const std::function<void()> &body, const std::filesystem::path &errors) {
  Place place;
  place.size = count;
  place.socket = listenAnywhere(place.port);
  std::vector<pid_t> children;
  for (place.rank = 0; place.rank < count; ++place.rank) {
    children.push_back(::fork());
    if (children.back() != 0)
      continue;
    if (!errors.empty())
      ::dup2(::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    runRank(place, body);
  }
  ::close(place.socket);
  std::vector<int> statuses(size_t(count), -1);
  auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (bool isWaiting = true; isWaiting && std::chrono::steady_clock::now() < end;) {
    isWaiting = false;
    for (size_t n = 0; n < children.size(); ++n)
      if (children[n] > 0 && ::waitpid(children[n], &statuses[n], WNOHANG) == children[n])
        children[n] = 0;
      else
        isWaiting |= children[n] > 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (pid_t child : children)
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  return statuses;
}

void expectRanks(int64_t count, const std::function<void()> &body) {
  EXPECT_EQ(runRanks(count, body), std::vector<int>(size_t(count), 0)) << "in a group of " << count;
}

} // namespace xlstm::test
