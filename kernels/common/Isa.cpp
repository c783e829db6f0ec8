//===- Isa.cpp - which instructions the CPU kernels may use ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/common/Isa.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

namespace xlstm::kernels {

static Isa detect() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hasAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return Isa::Avx512;
  if (hasAvx2)
    return Isa::Avx2;
#endif
  return Isa::Plain;
}

static Isa fromEnvironment() {
  const char *text = std::getenv("XLSTM_ISA");
  std::string_view wanted = text ? text : "";
  Isa most = wanted == "plain" ? Isa::Plain : wanted == "avx2" ? Isa::Avx2 : Isa::Avx512;
  return std::min(most, detect());
}

static std::atomic<Isa> &current() {
  static std::atomic<Isa> isa = fromEnvironment();
  return isa;
}

Isa isa() { return current(); }
void limitIsa(Isa most) { current() = std::min(most, detect()); }

} // namespace xlstm::kernels
