//===- Command.cpp - xlstm bench -------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "../Commands.h"
#include "Bench.h"

#include "xlstm/Support/Error.h"

#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

namespace xlstm {

using namespace bench;

namespace {
struct Settings {
  std::string device = "cpu", filter, peers;
  bool json = false;
};
} // namespace

/// One row a peer, or one without.
static void measure(const Case &entry, const std::string &device, const std::map<std::string, RivalTime> &rivals,
                    nlohmann::ordered_json &rows) {
  Work work = entry.make();
  bool onCuda = device == "cuda";
  double ms = onCuda ? timeOnCuda(work.run) : timeOnCpu([&] { work.run(nullptr); });
  nlohmann::ordered_json row = {{"name", entry.name},
                                {"shape", entry.shape},
                                {"dtype", entry.dtype},
                                {"device", device},
                                {"ms", ms},
                                {"gb_per_s", work.bytes / ms * 1e-6},
                                {"gflop_per_s", work.flops / ms * 1e-6},
                                {"peer", nullptr},
                                {"peer_ms", nullptr}};
  if (work.peers.empty())
    rows.push_back(row);
  for (const Peer &peer : work.peers) {
    row["peer"] = peer.name, row["peer_ms"] = nullptr;
    try {
      row["peer_ms"] = onCuda ? timeOnCuda(peer.run) : timeOnCpu(peer.run);
    } catch (const std::exception &error) { // as out of memory: a peer that cannot do it does not end the run
      std::string text = error.what();
      std::cerr << entry.name << ", " << entry.shape << ": " << peer.name << ": " << text.substr(0, text.find('\n'))
                << '\n';
    }
    rows.push_back(row);
  }
  if (auto rival = rivals.find(entry.rival.what); rival != rivals.end()) {
    row["peer"] = rival->second.peer, row["peer_ms"] = rival->second.ms;
    rows.push_back(row);
  }
}

static void printHeader() {
  std::cout << std::left << std::setw(18) << "kernel" << std::setw(46) << "shape" << std::setw(10) << "type"
            << std::right << std::setw(11) << "ms" << std::setw(9) << "GB/s" << std::setw(11) << "GFLOP/s"
            << "  peer, its ms, times slower\n";
}

static void print(const nlohmann::ordered_json &row) {
  double ms = row["ms"];
  std::cout << std::left << std::setw(18) << row["name"].get<std::string>() << std::setw(46)
            << row["shape"].get<std::string>() << std::setw(10) << row["dtype"].get<std::string>() << std::right
            << std::fixed << std::setprecision(4) << std::setw(11) << ms << std::setprecision(0) << std::setw(9)
            << row["gb_per_s"].get<double>() << std::setw(11) << row["gflop_per_s"].get<double>();
  if (!row["peer_ms"].is_null()) {
    double peerMs = row["peer_ms"];
    std::cout << "  " << row["peer"].get<std::string>() << std::setprecision(4) << ' ' << peerMs << std::setprecision(2)
              << ' ' << peerMs / ms << 'x';
  }
  std::cout << std::endl;
}

static void benchKernels(const Settings &settings) {
  bool onCuda = settings.device == "cuda";
  if (onCuda)
    openCuda();
  std::vector<Case> cases = onCuda ? cudaCases() : cpuCases();
  std::erase_if(cases, [&](const Case &entry) { return entry.name.find(settings.filter) == std::string::npos; });
  if (cases.empty())
    fail("no kernel of device ", settings.device, " has '", settings.filter, "' in its name");
  std::map<std::string, RivalTime> rivals;
  if (!settings.peers.empty()) {
    std::vector<Rival> wanted;
    for (const Case &entry : cases)
      wanted.push_back(entry.rival);
    rivals = timeRivals(settings.peers, wanted);
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (!settings.json)
    printHeader();
  for (const Case &entry : cases) {
    size_t before = rows.size();
    measure(entry, settings.device, rivals, rows);
    if (onCuda)
      releaseCuda();
    for (size_t n = before; !settings.json && n < rows.size(); ++n)
      print(rows[n]);
  }
  if (settings.json)
    std::cout << rows.dump(2) << '\n';
}

void addBenchCommand(CLI::App &app) {
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("bench", "Measure this build's parts beside the same work done by others");
  verb->require_subcommand(1);
  CLI::App *kernels = verb->add_subcommand("kernels", "The fused kernels beside LibTorch's operations composed");
  kernels->add_option("--device", settings->device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
  kernels->add_option("--filter", settings->filter, "Only kernels with this text in their name");
  kernels
      ->add_option("--peers", settings->peers,
                   "Folder of scripts (kernels/bench/peers) that time others' kernels, for python3 with PyTorch")
      ->check(CLI::ExistingDirectory);
  kernels->add_flag("--json", settings->json, "A list of objects instead of a table");
  kernels->callback([settings] { benchKernels(*settings); });
  addTrainBench(*verb);
}

} // namespace xlstm
