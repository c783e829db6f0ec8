//===- Description.cpp - what kernels take and require ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Kernels/Description.h"

#include <algorithm>

namespace xlstm {

const std::vector<KernelDescription> &kernelDescriptions() {
  using Access = KernelView::Access;
  static const std::vector<KernelDescription> kernels = {
#include "kernels/KernelTable.inc"
  };
  return kernels;
}

const KernelDescription *findKernel(std::string_view name) {
  for (const KernelDescription &kernel : kernelDescriptions())
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

std::string_view KernelDescription::elementType(const KernelView &view,
                                                const std::vector<std::string_view> &choice) const {
  auto variable = std::ranges::find(types, view.type);
  return variable == types.end() ? view.type : choice[static_cast<size_t>(variable - types.begin())];
}

} // namespace xlstm
