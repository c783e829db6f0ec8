//===- Bench.h - what `xlstm bench kernels` measures -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_BENCH_BENCH_H
#define XLSTM_TOOLS_XLSTM_BENCH_BENCH_H

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace xlstm::bench {

/// The same work as others do it.
struct Peer {
  std::string name; // "aten": the composition of LibTorch's operations
  std::function<void()> run;
};

/// A kernel of ours with its inputs, which the closures own. `bytes` and `flops`: what one call must move and compute
/// at least, the same for everyone.
struct Work {
  double bytes = 0, flops = 0;
  /// One call. cuda: enqueued on the cudaStream_t given, and captured in a graph; cpu: null.
  std::function<void(void *stream)> run;
  std::vector<Peer> peers;
};

/// Others' kernels that only Python can start: a script of kernels/bench/peers, and the case as it names it.
struct Rival {
  std::string script, what;
};
struct RivalTime {
  std::string peer;
  double ms;
};

/// A row of the table; `make` allocates and fills the inputs only when the row is measured.
struct Case {
  std::string name, shape, dtype;
  std::function<Work()> make;
  Rival rival = {}; // no script: there is none
};

std::vector<Case> cpuCases();
void addHybridCases(std::vector<Case> &cases);
std::vector<Case> cudaCases(); // empty where the build has no CUDA
void addCudaAttentionCases(std::vector<Case> &cases);
void addCudaHybridCases(std::vector<Case> &cases);

/// Runs every script of `rivals` once in `folder`, by python3, for all its cases: times by case. What a script could
/// not import or run it says on standard error, and its cases are missing here.
std::map<std::string, RivalTime> timeRivals(const std::string &folder, const std::vector<Rival> &rivals);

/// Milliseconds of one call: the median of repeats that fill about half a second.
double timeOnCpu(const std::function<void()> &run);
/// The same by events: `run` as a graph, of many calls where one is short; a peer on the default stream, as LibTorch
/// runs it.
double timeOnCuda(const std::function<void(void *stream)> &run);
double timeOnCuda(const std::function<void()> &peer);
/// Throws Error where there is no GPU, no CUDA in the build or in LibTorch, which makes the inputs and runs the peers.
void openCuda();
/// Gives back the device memory that LibTorch keeps for later.
void releaseCuda();

/// Adds `bench train`.
void addTrainBench(CLI::App &bench);

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_XLSTM_BENCH_BENCH_H
