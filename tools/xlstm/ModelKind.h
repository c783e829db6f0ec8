//===- ModelKind.h - what a path is ---------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_MODELKIND_H
#define XLSTM_TOOLS_XLSTM_MODELKIND_H

#include <cstdint>
#include <filesystem>

namespace xlstm {

/// What inspect and verify tell apart.
enum class ModelKind : uint8_t {
  Bundle,
  Run,
  Checkpoint,
  Targets,
  HuggingFace, // any other folder
  Safetensors,
  Tokenizer, // any .json
  Onnx,
  Gguf,
  Module,
  Executable
};

/// By what lies at `path`. Throws Error when it is nothing of that.
ModelKind kindOf(const std::filesystem::path &path);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_MODELKIND_H
