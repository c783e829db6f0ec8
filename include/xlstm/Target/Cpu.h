//===- Cpu.h - from a module with prefill and decode to an object file ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_CPU_H
#define XLSTM_TARGET_CPU_H

#include "xlstm/Target/Object.h"

#include <map>
#include <optional>
#include <string_view>

namespace xlstm {

/// What an executable is for unless something else is asked for: CPUs since 2013 (Haswell) or 2015 (Excavator).
inline constexpr const char *portableCpu = "x86-64-v3";

struct CpuTargetOptions {
  /// The kernels as bitcode (lib/xlstm_kernels_cpu.bc beside the tool's bin folder), its variants beside it.
  std::filesystem::path kernels;
  /// An LLVM CPU name, or "native".
  std::string cpu = portableCpu;
  /// A second object for CPUs with wideCpuFeatures (CpuFeatures.h), `xlstm_model_wide`, which is chosen when it runs.
  bool widen = false;
  /// Tokens of one prefill call, at most.
  int64_t prefillTokens = 256;
  /// Types of weights: rules of xlstm-quantize (Transforms/WeightRules.h).
  std::vector<std::string> weights;
  /// Keys and values of attention are kept as bf16, not f32.
  bool smallKeys = false;
};

/// What compileForCpu leaves beside or instead of object files.
enum class CpuStage { Mlir, Llvm, Assembly, Object };

/// The model on its way: the planned kernel calls, LLVM's IR when it is optimised, the assembly, the bytes of the object
/// file. Throws Error as compileForCpu does.
std::string translateForCpu(std::string_view mlir, const std::string &origin, const CpuTargetOptions &options,
                            CpuStage stage);

/// What a CPU does in a second where it only reads memory, or only multiplies large matrices of float32.
struct CpuRates {
  double bytes = 0, operations = 0;
};

/// What one call of prefill or decode takes at most: tokens, bytes of weights and state, operations of products, and
/// the seconds that these are foretold to take.
struct CallCost {
  int64_t tokens = 1;
  double bytes = 0, operations = 0, seconds = 0;
};

/// Tables of what prefill and decode do (lib/Target/Cpu/Explain.h), and each function's cost by its name.
struct Explanation {
  std::string text;
  std::map<std::string, CallCost> calls;
};

/// With `rates` a kernel is foretold to take as long as its bytes or its operations do, whichever is longer.
Explanation explainForCpu(std::string_view mlir, const std::string &origin, const CpuTargetOptions &options,
                          const std::optional<CpuRates> &rates = std::nullopt);

/// Builds prefill and decode of @model, lowers them and writes an object file that exports `xlstm_model`
/// (Runtime/Deploy/ModelAbi.h), and where it is wanted and there are such CPUs a second one beside it. Throws Error with the located diagnostic.
ModelObject compileForCpu(std::string_view mlir, const std::string &origin, const std::filesystem::path &objectFile,
                          const CpuTargetOptions &options);

} // namespace xlstm

#endif // XLSTM_TARGET_CPU_H
