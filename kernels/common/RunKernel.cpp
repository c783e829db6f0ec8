//===- RunKernel.cpp - any kernel, by name, on the CPU ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/RunKernel.h"
#include "xlstm/Kernels/CpuCalls.h"
#include "xlstm/Support/Error.h"

#include <bit>
#include <cstring>
#include <memory>

namespace xlstm {

namespace {

struct Thunk {
  std::string_view name;
  void (*call)(void *const *views, const int64_t *integers, const double *numbers);
};

const Thunk thunks[] = {
#include "kernels/KernelThunks.inc"
};

} // namespace

static float widen(uint16_t bits, bool isBf16) {
  if (isBf16)
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

static uint16_t narrow(float value, bool isBf16) {
  if (!isBf16)
    return std::bit_cast<uint16_t>(static_cast<_Float16>(value));
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (value != value)
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static int64_t sizeOf(const KernelDescription &kernel, const KernelArguments &arguments, std::string_view name) {
  for (size_t i = 0; i < kernel.sizes.size(); ++i)
    if (kernel.sizes[i] == name)
      return arguments.sizes[i];
  return 1; // a leading dimension that no size names
}

/// The products of the dimensions in front of the bar and behind it.
static std::pair<int64_t, int64_t> rowsAndWidth(const KernelDescription &kernel, const KernelView &view,
                                                const KernelArguments &arguments) {
  int64_t rows = 1, width = 1;
  for (unsigned i = 0; i < view.dimensions.size(); ++i) {
    const KernelDimension &dimension = view.dimensions[i];
    (i < view.rowDimensions ? rows : width) *=
        sizeOf(kernel, arguments, dimension.name) * dimension.times / dimension.divided;
  }
  return {rows, width};
}

int64_t spannedElements(const KernelDescription &kernel, unsigned index, const KernelArguments &arguments) {
  auto [rows, width] = rowsAndWidth(kernel, kernel.views[index], arguments);
  unsigned stride = 0;
  for (unsigned i = 0; i < index; ++i)
    stride += kernel.views[i].rowDimensions != 0;
  return kernel.views[index].rowDimensions ? (rows - 1) * arguments.strides[stride] + width : rows * width;
}

void runOnCpu(const KernelDescription &kernel, const KernelArguments &arguments) {
  const Thunk *thunk = nullptr;
  for (const Thunk &other : thunks)
    if (other.name == kernel.name)
      thunk = &other;
  if (!thunk)
    fail("expected a kernel of the CPU, found '", kernel.name, "'");
  std::vector<void *> views = arguments.views;
  std::vector<std::unique_ptr<float[]>> wide(views.size());
  for (unsigned i = 0; i < views.size(); ++i) {
    std::string_view type = kernel.elementType(kernel.views[i], arguments.types);
    if (!views[i] || (type != "bf16" && type != "f16"))
      continue;
    int64_t count = spannedElements(kernel, i, arguments);
    wide[i] = std::make_unique<float[]>(static_cast<size_t>(count));
    for (int64_t n = 0; n < count; ++n)
      wide[i][n] = widen(static_cast<const uint16_t *>(views[i])[n], type == "bf16");
    views[i] = wide[i].get();
  }
  std::vector<int64_t> integers = arguments.sizes;
  integers.insert(integers.end(), arguments.strides.begin(), arguments.strides.end());
  thunk->call(views.data(), integers.data(), arguments.numbers.data());
  for (unsigned i = 0; i < views.size(); ++i) {
    if (!wide[i] || kernel.views[i].access == KernelView::Access::In)
      continue;
    bool isBf16 = kernel.elementType(kernel.views[i], arguments.types) == "bf16";
    for (int64_t n = 0, count = spannedElements(kernel, i, arguments); n < count; ++n)
      static_cast<uint16_t *>(arguments.views[i])[n] = narrow(wide[i][n], isBf16);
  }
}

} // namespace xlstm
