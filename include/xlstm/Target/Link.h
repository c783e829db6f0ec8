//===- Link.h - from a bundle to one executable ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TARGET_LINK_H
#define XLSTM_TARGET_LINK_H

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Target/Cpu.h"

namespace xlstm {

struct CompileOptions {
  /// An LLVM CPU name, or "native".
  std::string cpu = "native";
  /// Tokens of one prefill call.
  int64_t prefillTokens = 64;
  /// Folder with libXlstmDeploy.a, the archives it needs and xlstm_kernels_cpu.bc; empty: lib/ beside the bin/ of the
  /// running tool.
  std::filesystem::path libraries;
};

/// The C++ compiler that links executables: c++, else clang++-19. Throws Error when there is neither.
std::string findLinker();

/// Links `object` with the deploy library, and puts weights, tokenizer and metadata of the bundle behind it. The
/// executable appears at `output` whole or not at all. Throws Error: the linker's first line, a weight whose stored
/// size is not that of the IR, no tokenizer, a full disk.
void linkExecutable(const CpuObject &object, const Bundle &bundle, const std::filesystem::path &output,
                    const std::filesystem::path &libraries);

/// compileForCpu and linkExecutable of the bundle at `folder`.
void compileBundle(const std::filesystem::path &folder, const std::filesystem::path &output,
                   const CompileOptions &options = {});

} // namespace xlstm

#endif // XLSTM_TARGET_LINK_H
