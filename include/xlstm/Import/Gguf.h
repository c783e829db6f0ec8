//===- Gguf.h - from a GGUF file to a bundle ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_IMPORT_GGUF_H
#define XLSTM_IMPORT_GGUF_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// Whether the file begins with GGUF's magic number.
bool isGguf(const std::filesystem::path &file);

/// A GGUF file (llama, qwen2, qwen3, olmo2 architectures) becomes a bundle at `output`, whole or not at all: the module
/// that the Hugging Face folder of the same teacher gives, weights under their Hugging Face names in the layout of
/// checkpoints, config.json, tokenizer.json and what else such a folder holds. F16 and BF16 tensors stay as they are;
/// F32 becomes one of the two where that loses no bit; all else is dequantised to F32, row by row. A file of exportGguf
/// becomes the student that it was made of. Returns
/// what is odd and harmless, a line each. Throws Error naming the file, the key or tensor, expected and actual.
std::vector<std::string> importGguf(const std::filesystem::path &file, const std::filesystem::path &output);

/// What importGguf would write of a file, weights excepted.
struct GgufTeacher {
  std::string module;
  /// tokenizer.json and chat_template.jinja; empty where the file has none.
  std::string tokenizer, chatTemplate;
};

/// Reads the file without touching its weights. Throws the errors of importGguf.
GgufTeacher readGgufTeacher(const std::filesystem::path &file);

} // namespace xlstm

#endif // XLSTM_IMPORT_GGUF_H
