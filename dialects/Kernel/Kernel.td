//===- Kernel.td - umbrella of the kernel dialect -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef KERNEL_TD
#define KERNEL_TD

include "dialects/Kernel/KernelCallOps.td"
include "dialects/Kernel/KernelStructureOps.td"

#endif // KERNEL_TD
