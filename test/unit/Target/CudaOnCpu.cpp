//===- CudaOnCpu.cpp - the CUDA kernels' functions by the CPU's ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Stands in for libXlstmKernelsCuda, in host memory, so that the object of a model compiled for CUDA runs without a
// GPU. The functions themselves are made of the kernels' descriptions.

#include "CudaOnCpu.h"

#include "xlstm/Kernels/CudaCalls.h"
#include "xlstm/Kernels/RunKernel.h"

#include <algorithm>
#include <initializer_list>

namespace xlstm::test {

std::vector<std::string> calls;
size_t failingCall = SIZE_MAX;

} // namespace xlstm::test

using namespace xlstm;
using namespace xlstm::test;

/// The first choice of types that has these where the call states them.
static std::vector<std::string_view> choose(const KernelDescription &kernel, const xlstm_dtype *types) {
  auto fits = [&](const std::vector<std::string_view> &choice) {
    for (size_t n = 0; n < kernel.cudaTypes.size(); ++n) {
      auto variable = std::ranges::find(kernel.types, kernel.cudaTypes[n]) - kernel.types.begin();
      if (choice[static_cast<size_t>(variable)] != (types[n] == XLSTM_BF16 ? "bf16" : "f32"))
        return false;
    }
    return true;
  };
  return *std::ranges::find_if(kernel.cuda, fits);
}

/// The b-th text's part of `all`, a call of texts whose states lie apart.
static KernelArguments rowOf(const KernelDescription &kernel, const KernelArguments &all, int64_t b, int64_t apart) {
  KernelArguments one = all;
  one.sizes.front() = 1; // B
  for (unsigned n = 0; n < kernel.views.size(); ++n) {
    const KernelView &view = kernel.views[n];
    const bool isState = view.access == KernelView::Access::InOut || view.name == "pos";
    const std::string_view type = kernel.elementType(view, all.types);
    const int64_t bytes = type == "i64" ? 8 : type == "bf16" ? 2 : 4;
    size_t stride = 0; // the view's among the strides
    for (unsigned before = 0; before < n; ++before)
      stride += kernel.views[before].rowDimensions > 0;
    const int64_t elements = view.rowDimensions ? all.strides[stride] : spannedElements(kernel, n, one);
    if (one.views[n] && view.dimensions.front().name == "B")
      one.views[n] = static_cast<char *>(one.views[n]) + (isState ? apart : b * elements * bytes);
  }
  return one;
}

/// Notes the call; an error where the test wants one.
static int callOnCpu(const char *name, const char *function, const xlstm_dtype *types, void *const *views,
                     const int64_t *integers, const double *numbers, const int64_t *apart = nullptr) {
  const KernelDescription &kernel = *findKernel(name);
  auto strides = std::ranges::count_if(kernel.views, [](const KernelView &view) { return view.rowDimensions > 0; });
  KernelArguments arguments;
  arguments.types = choose(kernel, types);
  arguments.views.assign(views, views + kernel.views.size());
  arguments.sizes.assign(integers, integers + kernel.sizes.size());
  arguments.strides.assign(integers + kernel.sizes.size(), integers + kernel.sizes.size() + strides);
  arguments.numbers.assign(numbers, numbers + kernel.numbers.size());
  if (!apart)
    runOnCpu(kernel, arguments);
  for (int64_t b = 0; apart && b < arguments.sizes.front(); ++b)
    runOnCpu(kernel, rowOf(kernel, arguments, b, apart[b]));
  calls.push_back(function);
  return calls.size() - 1 == failingCall;
}

/// Sizes by which a test sees that all calls were asked: a thousand for linear, else a hundred a token.
static size_t sizeOnCpu(const std::string &function, std::initializer_list<int64_t> sizes) {
  if (function == "linear_workspace")
    return 1000;
  auto B = static_cast<size_t>(*sizes.begin()), T = static_cast<size_t>(*(sizes.begin() + 1));
  return function.ends_with("zeroed") ? (T == 1 ? B * 64 : 0) : B * T * 100;
}

extern "C" {
#include "kernels/CudaOnCpu.inc"

int xlstm_cuda_fill(void *y, uint32_t value, int64_t n, void *) {
  std::fill_n(static_cast<uint32_t *>(y), n, value);
  calls.push_back("fill");
  return calls.size() - 1 == failingCall;
}
}
