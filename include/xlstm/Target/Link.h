//===- Link.h - from a bundle to one executable ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_LINK_H
#define XLSTM_TARGET_LINK_H

#include "xlstm/Target/Cpu.h"
#include "xlstm/Target/Cuda.h"

#include <string>

namespace xlstm {

/// Tokens of one prefill call of an executable for the CPU, at most.
inline constexpr int64_t mostCpuPrefillTokens = 4096;

struct CompileOptions {
  /// An LLVM CPU name, or "native".
  std::string cpu = portableCpu;
  /// Faster code beside it for CPUs that have more (CpuTargetOptions::widen).
  bool widen = true;
  /// Tokens of one prefill call, at most.
  int64_t prefillTokens = CpuTargetOptions().prefillTokens;
  /// Types of weights: rules of xlstm-quantize (Transforms/WeightRules.h).
  std::vector<std::string> weights;
  /// Keys and values of attention are kept as bf16, not f32.
  bool smallKeys = false;
  /// NaN and infinities in weights are no error.
  bool allowNonFinite = false;
  /// Folder with libXlstmDeploy.a, the archives it needs and xlstm_kernels_cpu.bc; empty: lib/ beside the bin/ of the
  /// running tool.
  std::filesystem::path libraries;
};

/// The C++ compiler that links executables: c++, else clang++-19. Throws Error when there is neither.
std::string findLinker();

/// Throws Error where compileBundle would for want of what is no part of the bundle: the linker, a library, a CPU that
/// LLVM knows, a number in range. Asked before hours of training.
void checkCompile(const CompileOptions &options);

/// Writes a stage of the bundle's model on its way to the CPU to `output`.
void emitBundle(const std::filesystem::path &bundle, const std::filesystem::path &output, const CompileOptions &options,
                CpuStage stage);

/// What the executable of a bundle will do; with `rates` also how long it takes where the CPU has these.
Explanation explainBundle(const std::filesystem::path &bundle, const CompileOptions &options,
                          const std::optional<CpuRates> &rates = std::nullopt);

/// Compiles the bundle at `folder` for the CPU and links the object with the deploy library, weights, tokenizer and
/// metadata behind it; without a tokenizer it works on token ids. The executable appears at `output` whole or not at
/// all. Throws Error: a located diagnostic of the compiler, the linker's first line, a weight whose stored size is not
/// that of the IR, a full disk.
void compileBundle(const std::filesystem::path &folder, const std::filesystem::path &output,
                   const CompileOptions &options = {});

struct CudaCompileOptions : CudaTargetOptions {
  /// As in CompileOptions.
  bool allowNonFinite = false;
  /// As in CompileOptions; with libXlstmDeployCuda.a and libXlstmKernelsCuda.a.
  std::filesystem::path libraries;
};

/// The same for CUDA. With `randomWeights`, `folder` may also be one without weights and tokenizer, or a model.mlir.
/// Throws Error also where this build has no CUDA target.
void compileBundleForCuda(const std::filesystem::path &folder, const std::filesystem::path &output,
                          const CudaCompileOptions &options = {});

/// Throws Error where this build has no CUDA target.
void checkCudaTarget();

} // namespace xlstm

#endif // XLSTM_TARGET_LINK_H
