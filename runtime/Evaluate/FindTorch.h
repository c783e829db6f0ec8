//===- FindTorch.h - LibTorch's CUDA half, wherever pip has put it --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_FINDTORCH_H
#define XLSTM_RUNTIME_EVALUATE_FINDTORCH_H

#include <filesystem>
#include <string>

namespace xlstm {

/// Why the torch package in `folder` does not go with this build; empty when it does. The half that is linked and the
/// half that is loaded must come from one wheel: LibTorch keeps no ABI from a version to the next.
std::string torchMismatch(const std::filesystem::path &folder);

/// Loads libtorch_cuda.so: from the loader's path and the build's .deps, else from $XLSTM_TORCH (a torch package's
/// folder), else from the torch that `python3` imports. Returns one line: what to do when none was found; empty when it
/// is loaded.
std::string loadTorchCuda();

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_FINDTORCH_H
