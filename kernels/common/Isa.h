//===- Isa.h - which instructions the CPU kernels may use ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_COMMON_ISA_H
#define XLSTM_KERNELS_COMMON_ISA_H

namespace xlstm::kernels {

enum class Isa { Plain, Avx2, Avx512 };

/// The widest that this CPU has. XLSTM_ISA=plain or avx2 asks for less.
Isa isa();
/// As many of them as this CPU has, for tests: isa() gives `most` from now on, or less where the CPU has less.
void limitIsa(Isa most);

} // namespace xlstm::kernels

#endif // XLSTM_KERNELS_COMMON_ISA_H
