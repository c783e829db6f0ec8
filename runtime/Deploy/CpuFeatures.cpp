//===- CpuFeatures.cpp - instruction sets that this machine has -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Deploy/CpuFeatures.h"

#include <algorithm>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace xlstm {

#if defined(__x86_64__)

/// The registers that the operating system saves (XCR0); 0 where it cannot say.
static uint64_t savedState() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
    return 0;
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

static bool isSaved(CpuFeature::State state) {
  constexpr uint64_t ymm = 0x6, zmm = 0xe6;
  const uint64_t wanted = state == CpuFeature::Always ? 0 : state == CpuFeature::Ymm ? ymm : zmm;
  return (savedState() & wanted) == wanted;
}

static bool hasFeature(const CpuFeature &feature) {
  unsigned registers[4] = {};
  bool isKnown =
      __get_cpuid_count(feature.leaf, feature.subleaf, &registers[CpuFeature::EAX], &registers[CpuFeature::EBX],
                        &registers[CpuFeature::ECX], &registers[CpuFeature::EDX]);
  return isKnown && (registers[feature.where] >> feature.bit & 1) && isSaved(feature.state);
}

#else

static bool hasFeature(const CpuFeature &) { return false; }

#endif

std::vector<std::string> missingCpuFeatures(const std::vector<std::string> &names) {
  std::vector<std::string> missing;
  for (const std::string &name : names) {
    auto feature = std::ranges::find_if(cpuFeatures, [&](const CpuFeature &known) { return known.name == name; });
    if (feature == std::end(cpuFeatures) || !hasFeature(*feature))
      missing.push_back(name);
  }
  return missing;
}

} // namespace xlstm
