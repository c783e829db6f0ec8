//===- RunKernel.h - any kernel, by name, on the CPU ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_RUNKERNEL_H
#define XLSTM_KERNELS_RUNKERNEL_H

#include "xlstm/Kernels/Description.h"

#include <span>

namespace xlstm {

/// The arguments of one call, in the description's order.
struct KernelArguments {
  std::vector<std::string_view> types; // the values of the type variables
  std::vector<void *> views;           // null: absent
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides; // of the views whose rows may lie apart, in elements
  std::vector<double> numbers;
};

/// Runs the CPU's kernel in float32 whatever the types are: values of bf16 and f16 are widened before and what was
/// written is rounded after, once, to nearest even. So a plan for another device has a meaning that runs here.
/// Error: a kernel that the CPU has not.
void runOnCpu(const KernelDescription &kernel, const KernelArguments &arguments);

/// Elements from the first to behind the last one of a view.
int64_t spannedElements(const KernelDescription &kernel, unsigned view, const KernelArguments &arguments);

} // namespace xlstm

#endif // XLSTM_KERNELS_RUNKERNEL_H
