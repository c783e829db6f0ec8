//===- CudaLimits.cpp - what the GPU can do at best -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/CudaSession.h"
#include "xlstm/Kernels/Cuda.h"

#include <algorithm>
#include <limits>

namespace xlstm {

/// Seconds of the fastest of some runs.
static double fastest(Stream &stream, const std::function<void()> &enqueue) {
  constexpr int runs = 10;
  Event start, end;
  double best = std::numeric_limits<double>::infinity();
  for (int n = 0; n < runs; ++n) {
    start.record(stream);
    enqueue();
    end.record(stream);
    end.wait();
    best = std::min(best, end.secondsSince(start));
  }
  return best;
}

static double measureCopy(Stream &stream) {
  constexpr size_t bytes = size_t(1) << 30;
  DeviceBuffer from(bytes, "measuring copies"), to(bytes, "measuring copies");
  stream.clear(from.get(), bytes);
  return 2.0 * bytes / fastest(stream, [&] { stream.copy(to.get(), from.get(), bytes); });
}

/// Random operands: a product of zeros draws less power and runs faster.
static double measureProduct(Stream &stream) {
  constexpr int64_t n = 8192;
  DeviceBuffer x(2 * n * n, "measuring products"), w(2 * n * n, "measuring products"),
      y(2 * n * n, "measuring products"), workspace(xlstm_cuda_linear_workspace(XLSTM_BF16, XLSTM_BF16, XLSTM_BF16, n, n, n), "measuring products");
  for (DeviceBuffer *matrix : {&x, &w})
    checkDevice(xlstm_cuda_random_fill(XLSTM_BF16, matrix->get(), n * n, 1, 0, 1, stream.get()), "measuring products");
  auto multiply = [&] {
    checkDevice(xlstm_cuda_linear(XLSTM_BF16, XLSTM_BF16, XLSTM_BF16, x.get(), w.get(), nullptr, nullptr, y.get(), n, n,
                                  n, workspace.get(), stream.get()),
                "measuring products");
  };
  return 2.0 * n * n * n / fastest(stream, multiply);
}

DeviceLimits measureDeviceLimits() {
  Stream stream;
  return {measureCopy(stream), measureProduct(stream)};
}

} // namespace xlstm
