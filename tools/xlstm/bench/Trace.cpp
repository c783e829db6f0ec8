//===- Trace.cpp - a timeline of what a benchmark ran ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Trace.h"

#include <torch/csrc/autograd/profiler_kineto.h>

namespace profiler = torch::autograd::profiler;
namespace impl = torch::profiler::impl;

void xlstm::bench::startTrace(bool onGpu) {
  std::set<impl::ActivityType> activities = {impl::ActivityType::CPU};
  if (onGpu)
    activities.insert(impl::ActivityType::CUDA);
  impl::ProfilerConfig config(impl::ProfilerState::KINETO);
  profiler::prepareProfiler(config, activities);
  profiler::enableProfiler(config, activities);
}

void xlstm::bench::stopTrace(const std::filesystem::path &file) { profiler::disableProfiler()->save(file.string()); }
