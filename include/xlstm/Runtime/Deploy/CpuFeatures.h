//===- CpuFeatures.h - instruction sets that a compiled model may use -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The compiler says which of these an executable's model uses; the executable, itself compiled for any x86-64, asks the
// machine for them before it runs the model.

#ifndef XLSTM_RUNTIME_DEPLOY_CPUFEATURES_H
#define XLSTM_RUNTIME_DEPLOY_CPUFEATURES_H

#include <cstdint>
#include <string>
#include <vector>

namespace xlstm {

/// Where CPUID tells of it (Intel SDM, volume 2A; AMD APM, volume 3) and what the system must save for it.
struct CpuFeature {
  enum Register : uint8_t { EAX, EBX, ECX, EDX };
  enum State : uint8_t { Always, Ymm, Zmm };
  const char *name; // LLVM's
  uint32_t leaf, subleaf;
  Register where;
  uint8_t bit;
  State state;
};

/// What LLVM makes of plain code for some x86-64 CPU, beyond what every x86-64 has.
inline constexpr CpuFeature cpuFeatures[] = {
    {"cx16", 1, 0, CpuFeature::ECX, 13, CpuFeature::Always},
    {"sahf", 0x80000001, 0, CpuFeature::ECX, 0, CpuFeature::Always},
    {"popcnt", 1, 0, CpuFeature::ECX, 23, CpuFeature::Always},
    {"sse3", 1, 0, CpuFeature::ECX, 0, CpuFeature::Always},
    {"ssse3", 1, 0, CpuFeature::ECX, 9, CpuFeature::Always},
    {"sse4.1", 1, 0, CpuFeature::ECX, 19, CpuFeature::Always},
    {"sse4.2", 1, 0, CpuFeature::ECX, 20, CpuFeature::Always},
    {"sse4a", 0x80000001, 0, CpuFeature::ECX, 6, CpuFeature::Always},
    {"avx", 1, 0, CpuFeature::ECX, 28, CpuFeature::Ymm},
    {"avx2", 7, 0, CpuFeature::EBX, 5, CpuFeature::Ymm},
    {"f16c", 1, 0, CpuFeature::ECX, 29, CpuFeature::Ymm},
    {"fma", 1, 0, CpuFeature::ECX, 12, CpuFeature::Ymm},
    {"fma4", 0x80000001, 0, CpuFeature::ECX, 16, CpuFeature::Ymm},
    {"xop", 0x80000001, 0, CpuFeature::ECX, 11, CpuFeature::Ymm},
    {"tbm", 0x80000001, 0, CpuFeature::ECX, 21, CpuFeature::Always},
    {"bmi", 7, 0, CpuFeature::EBX, 3, CpuFeature::Always},
    {"bmi2", 7, 0, CpuFeature::EBX, 8, CpuFeature::Always},
    {"lzcnt", 0x80000001, 0, CpuFeature::ECX, 5, CpuFeature::Always},
    {"movbe", 1, 0, CpuFeature::ECX, 22, CpuFeature::Always},
    {"adx", 7, 0, CpuFeature::EBX, 19, CpuFeature::Always},
    {"gfni", 7, 0, CpuFeature::ECX, 8, CpuFeature::Always},
    {"vpclmulqdq", 7, 0, CpuFeature::ECX, 10, CpuFeature::Ymm},
    {"avxvnni", 7, 1, CpuFeature::EAX, 4, CpuFeature::Ymm},
    {"avxifma", 7, 1, CpuFeature::EAX, 23, CpuFeature::Ymm},
    {"avxneconvert", 7, 1, CpuFeature::EDX, 5, CpuFeature::Ymm},
    {"avxvnniint8", 7, 1, CpuFeature::EDX, 4, CpuFeature::Ymm},
    {"avx512f", 7, 0, CpuFeature::EBX, 16, CpuFeature::Zmm},
    {"avx512cd", 7, 0, CpuFeature::EBX, 28, CpuFeature::Zmm},
    {"avx512bw", 7, 0, CpuFeature::EBX, 30, CpuFeature::Zmm},
    {"avx512dq", 7, 0, CpuFeature::EBX, 17, CpuFeature::Zmm},
    {"avx512vl", 7, 0, CpuFeature::EBX, 31, CpuFeature::Zmm},
    {"avx512ifma", 7, 0, CpuFeature::EBX, 21, CpuFeature::Zmm},
    {"avx512vbmi", 7, 0, CpuFeature::ECX, 1, CpuFeature::Zmm},
    {"avx512vbmi2", 7, 0, CpuFeature::ECX, 6, CpuFeature::Zmm},
    {"avx512vnni", 7, 0, CpuFeature::ECX, 11, CpuFeature::Zmm},
    {"avx512bitalg", 7, 0, CpuFeature::ECX, 12, CpuFeature::Zmm},
    {"avx512vpopcntdq", 7, 0, CpuFeature::ECX, 14, CpuFeature::Zmm},
    {"avx512bf16", 7, 1, CpuFeature::EAX, 5, CpuFeature::Zmm},
    {"avx512fp16", 7, 0, CpuFeature::EDX, 23, CpuFeature::Zmm},
};

/// What the faster code needs that a portable executable carries beside its own for x86-64-v3: what LLVM makes of
/// x86-64-v4 with VNNI, products of bytes.
inline constexpr const char *wideCpuName = "x86-64-v4 with avx512vnni";
inline constexpr const char *wideCpuFeatures[] = {
    "cx16",  "sahf", "popcnt", "sse3",  "ssse3", "sse4.1",  "sse4.2",   "avx",      "avx2",     "f16c",       "fma",
    "bmi",   "bmi2", "lzcnt",  "movbe", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx512vnni"};

/// Those of `names` that this machine lacks, in their order; a name that stands in no table is one.
std::vector<std::string> missingCpuFeatures(const std::vector<std::string> &names);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DEPLOY_CPUFEATURES_H
