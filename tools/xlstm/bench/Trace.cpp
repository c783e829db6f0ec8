//===- Trace.cpp - what a benchmark ran, kernel by kernel ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Trace.h"

#include <algorithm>
#include <torch/csrc/autograd/profiler_kineto.h>

namespace profiler = torch::autograd::profiler;
namespace impl = torch::profiler::impl;

namespace xlstm::bench {

void startTrace(bool onGpu) {
  std::set<impl::ActivityType> activities = {impl::ActivityType::CPU};
  if (onGpu)
    activities.insert(impl::ActivityType::CUDA);
  impl::ProfilerConfig config(impl::ProfilerState::KINETO);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
}

/// The kind of a kernel: the first whose words its name holds.
static const char *kindOf(const std::string &kernel) {
  static const std::pair<const char *, std::vector<const char *>> kinds[] = {
      {"collectives", {"ncclDevKernel", "ncclKernel"}},
      {"copies", {"Memcpy", "Memset", "memcpy", "copy_kernel", "fill_kernel", "FillFunctor"}},
      {"optimizer", {"multi_tensor_apply"}},
      {"losses", {"sparse::", "train::(anonymous namespace)::squares", "train::(anonymous namespace)::differences"}},
      {"attention", {"flash", "fmha", "sdpa"}},
      {"products", {"nvjet", "gemm", "gemv", "cutlass", "splitKreduce"}},
      {"norms, gates, rope, swiglu", {"cuda::train::", "swigluKernel", "outputGateKernel"}},
      {"other small steps", {"at::native", "at_cuda_detail", "cub::"}},
      {"mixer", {"xlstm::", "(anonymous namespace)::"}},
  };
  for (const auto &[kind, words] : kinds)
    for (const char *word : words)
      if (kernel.find(word) != std::string::npos)
        return kind;
  return "other small steps";
}

static bool isWait(const std::string &call) {
  return call == "cudaStreamSynchronize" || call == "cudaDeviceSynchronize" || call == "cudaEventSynchronize";
}

GpuTime GpuTime::over(double steps) const {
  GpuTime one = *this;
  for (auto &[kind, ms] : one.kinds)
    ms /= steps;
  one.hidden /= steps, one.kernels /= steps, one.waits /= steps;
  return one;
}

using Spans = std::vector<std::pair<uint64_t, uint64_t>>;

/// The time that both have something in; each is sorted by its beginnings.
static double common(const Spans &collectives, const Spans &others) {
  double time = 0;
  uint64_t from = 0, to = 0; // of others that touch one another
  auto other = others.begin();
  for (auto [begin, end] : collectives) {
    for (uint64_t at = begin; at < end;) {
      while (to <= at && other != others.end()) {
        from = other->first, to = other->second;
        for (++other; other != others.end() && other->first <= to; ++other)
          to = std::max(to, other->second);
      }
      if (to <= at || from >= end)
        break;
      at = std::max(at, from);
      time += double(std::min(end, to) - at) * 1e-6;
      at = std::min(end, to);
    }
  }
  return time;
}

GpuTime stopTrace(const std::filesystem::path &file) {
  std::unique_ptr<profiler::ProfilerResult> result = profiler::disableProfiler();
  if (!file.empty())
    result->save(file.string());
  GpuTime time;
  std::map<std::string, double> kinds;
  Spans spans, collectives, others;
  for (const profiler::KinetoEvent &event : result->events()) {
    time.waits += isWait(event.name());
    if (event.deviceType() == c10::DeviceType::CPU)
      continue;
    ++time.kernels;
    std::string kind = kindOf(event.name());
    kinds[kind] += double(event.durationNs()) * 1e-6;
    spans.emplace_back(event.startNs(), event.endNs());
    (kind == "collectives" ? collectives : others).push_back(spans.back());
  }
  for (Spans *some : {&spans, &collectives, &others})
    std::sort(some->begin(), some->end());
  time.hidden = common(collectives, others);
  uint64_t end = spans.empty() ? 0 : spans[0].first;
  double idle = 0;
  for (auto [from, to] : spans) {
    idle += from > end ? double(from - end) * 1e-6 : 0;
    end = std::max(end, to);
  }
  time.kinds.assign(kinds.begin(), kinds.end());
  std::sort(time.kinds.begin(), time.kinds.end(), [](auto &a, auto &b) { return a.second > b.second; });
  if (!spans.empty())
    time.kinds.emplace_back("waiting", idle);
  return time;
}

} // namespace xlstm::bench
