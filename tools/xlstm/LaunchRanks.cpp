//===- LaunchRanks.cpp - a process that starts the ranks of a job ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Ranks.h"

#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace xlstm {
namespace {

using Clock = std::chrono::steady_clock;
/// How long ranks have to end by themselves when one has failed and said why.
constexpr std::chrono::seconds patience{15};

/// A socket that listens at a free port of this host, for rank 0 to take over.
struct Listener {
  int socket = -1, port = 0;

  Listener() {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto *plain = reinterpret_cast<sockaddr *>(&address);
    socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (socket < 0 || ::bind(socket, plain, size) != 0 || ::listen(socket, SOMAXCONN) != 0 ||
        ::getsockname(socket, plain, &size) != 0)
      fail("cannot listen at a port of this host: ", std::strerror(errno));
    port = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket); }
  Listener(const Listener &) = delete;
};

struct Rank {
  pid_t process = -1; // -1: it has ended
  int status = 0;
};

class Ranks {
public:
  explicit Ranks(int64_t count) : ranks(size_t(count)) {
    std::vector<std::string> words = commandLine();
    Listener listener;
    for (size_t n = 0; n < ranks.size(); ++n)
      start(n, words, listener);
  }

  int wait() {
    DeferInterrupts interrupts; // the ranks heed them
    for (;;) {
      collect();
      if (std::ranges::all_of(ranks, [](const Rank &rank) { return rank.process < 0; }))
        return code;
      int signal = interrupts.signal();
      if (signal && !forwarded) {
        killAll(forwarded = signal);
        interruptQuietly(); // rank 0 says how to go on
      }
      if (failedAt && Clock::now() - *failedAt > patience)
        killAll(SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

private:
  static std::vector<std::string> commandLine() {
    std::ifstream file("/proc/self/cmdline", std::ios::binary);
    std::vector<std::string> words;
    for (std::string word; std::getline(file, word, '\0');)
      words.push_back(word);
    return words;
  }

  void start(size_t rank, const std::vector<std::string> &words, const Listener &listener) {
    std::vector<std::string> variables;
    for (char **variable = environ; *variable; ++variable)
      variables.emplace_back(*variable);
    auto set = [&](const std::string &name, const std::string &value) {
      std::erase_if(variables, [&](const std::string &known) { return known.starts_with(name + "="); });
      variables.push_back(name + "=" + value);
    };
    set("RANK", std::to_string(rank));
    set("LOCAL_RANK", std::to_string(rank));
    set("WORLD_SIZE", std::to_string(ranks.size()));
    set("MASTER_ADDR", "127.0.0.1");
    set("MASTER_PORT", std::to_string(listener.port));
    set("TORCHELASTIC_USE_AGENT_STORE", "False");
    set("XLSTM_STORE_SOCKET", std::to_string(listener.socket));
    unsigned cores = std::max(1u, std::thread::hardware_concurrency() / unsigned(ranks.size()));
    if (!std::getenv("OMP_NUM_THREADS"))
      set("OMP_NUM_THREADS", std::to_string(cores));
    std::vector<char *> arguments, environment;
    for (const std::string &word : words)
      arguments.push_back(const_cast<char *>(word.c_str()));
    for (const std::string &variable : variables)
      environment.push_back(const_cast<char *>(variable.c_str()));
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    pid_t parent = ::getpid(), child = ::fork();
    if (child < 0) {
      killAll(SIGKILL);
      fail("cannot start rank ", rank, ": ", std::strerror(errno));
    }
    if (child == 0) { // only what is safe between fork and exec
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent)
        ::_exit(1);
      ::execve("/proc/self/exe", arguments.data(), environment.data());
      ::_exit(127);
    }
    ranks[rank].process = child;
  }

  /// Takes note of ranks that have ended. One that ended by a signal says nothing itself.
  void collect() {
    for (size_t n = 0; n < ranks.size(); ++n) {
      Rank &rank = ranks[n];
      if (rank.process < 0 || ::waitpid(rank.process, &rank.status, WNOHANG) != rank.process)
        continue;
      pid_t process = std::exchange(rank.process, -1);
      if (rank.status == 0 || code != 0)
        continue;
      bool isKilled = WIFSIGNALED(rank.status);
      code = isKilled ? 128 + WTERMSIG(rank.status) : WEXITSTATUS(rank.status);
      failedAt = Clock::now();
      if (!isKilled)
        continue;
      tell(STDERR_FILENO, "xlstm: error: rank " + std::to_string(n) + " (process " + std::to_string(process) +
                              ") was ended by signal " + std::to_string(WTERMSIG(rank.status)) + " (" +
                              ::strsignal(WTERMSIG(rank.status)) + "); the other ranks have ended with it\n");
      killAll(SIGKILL);
    }
  }

  void killAll(int signal) {
    for (const Rank &rank : ranks)
      if (rank.process > 0)
        ::kill(rank.process, signal);
  }

  std::vector<Rank> ranks;
  int code = 0, forwarded = 0;
  std::optional<Clock::time_point> failedAt;
};

} // namespace

int launchRanks(int64_t count) { return Ranks(count).wait(); }

} // namespace xlstm
