//===- Bench.h - what `xlstm bench kernels` measures -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_BENCH_BENCH_H
#define XLSTM_TOOLS_XLSTM_BENCH_BENCH_H

#include <functional>
#include <string>
#include <vector>

namespace xlstm::bench {

/// The same work as others do it.
struct Peer {
  std::string name; // "aten": the composition of LibTorch's operations
  std::function<void()> run;
};

/// A kernel of ours with its inputs, which the closures own. `bytes` and `flops`: what one call must move and compute at
/// least, the same for everyone.
struct Work {
  double bytes = 0, flops = 0;
  /// One call. cuda: enqueued on the cudaStream_t given, and captured in a graph; cpu: null.
  std::function<void(void *stream)> run;
  std::vector<Peer> peers;
};

/// A row of the table; `make` allocates and fills the inputs only when the row is measured.
struct Case {
  std::string name, shape, dtype;
  std::function<Work()> make;
};

std::vector<Case> cpuCases();
void addHybridCases(std::vector<Case> &cases);
std::vector<Case> cudaCases(); // empty where the build has no CUDA

/// Milliseconds of one call: the median of repeats that fill about half a second.
double timeOnCpu(const std::function<void()> &run);
/// The same by events: `run` as a graph of many calls, a peer on the default stream, as LibTorch runs it.
double timeOnCuda(const std::function<void(void *stream)> &run);
double timeOnCuda(const std::function<void()> &peer);
/// Throws Error where there is no GPU or no CUDA in the build; loads LibTorch's CUDA half where it is, for the peers.
void openCuda();

} // namespace xlstm::bench

#endif // XLSTM_TOOLS_XLSTM_BENCH_BENCH_H
