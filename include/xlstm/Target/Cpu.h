//===- Cpu.h - from a module with prefill and decode to an object file ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_CPU_H
#define XLSTM_TARGET_CPU_H

#include "xlstm/Runtime/Files/Safetensors.h"

#include <string_view>

namespace xlstm {

struct CpuTargetOptions {
  /// The kernels as bitcode (lib/xlstm_kernels_cpu.bc beside the tool's bin folder).
  std::filesystem::path kernels;
  /// An LLVM CPU name, or "native".
  std::string cpu = "native";
  /// Tokens of one prefill call.
  int64_t prefillTokens = 64;
};

/// Where a weight lies in the blob behind the executable: at a multiple of 64 bytes, in its stored type.
struct WeightPlacement {
  TensorSpec tensor;
  uint64_t offset;
};

struct CpuObject {
  std::filesystem::path file;
  std::vector<WeightPlacement> weights; // by offset
  uint64_t weightBytes = 0;
};

/// Builds prefill and decode of @model, lowers them and writes an object file that exports `xlstm_model`
/// (Runtime/Deploy/ModelAbi.h). Throws Error with the located diagnostic.
CpuObject compileForCpu(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                        const CpuTargetOptions &options);

} // namespace xlstm

#endif // XLSTM_TARGET_CPU_H
