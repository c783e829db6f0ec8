//===- Import.h - from a teacher's files to a bundle ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_IMPORT_IMPORT_H
#define XLSTM_IMPORT_IMPORT_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// How the weights' files come into the bundle.
enum class WeightTransfer : uint8_t {
  Copy, ///< a copy that shares blocks with the original where the file system can; holes stay holes
  Link, ///< a second name (hard link) of the original, a copy where that cannot be
};

/// A Hugging Face folder (config.json, safetensors, tokenizer.json) becomes a bundle at `output`, whole or not at all.
/// The weights' files are carried as they are, unless tensors have other names than the family's. Returns warnings, one
/// line each: what the bundle cannot do as the original does. Throws Error naming the file, the place, expected and
/// actual: unknown family, a key with a value we cannot honour, a tensor that is missing, unread or of another shape, a
/// tokenizer.json that is malformed.
std::vector<std::string> importHuggingFace(const std::filesystem::path &folder, const std::filesystem::path &output,
                                           WeightTransfer transfer = WeightTransfer::Copy);

/// A LoRA as peft saves it (adapter_config.json, adapter_model.safetensors) is merged into the Hugging Face folder that
/// it was trained on, and the sum imported: as importHuggingFace does, but the weights' files are new. Tokenizer files
/// are the adapter's where it has tokenizer.json. Throws Error for adapters that are no LoRA, or one of another kind
/// than W + scale * B * A.
std::vector<std::string> importAdapter(const std::filesystem::path &adapter, const std::filesystem::path &base,
                                       const std::filesystem::path &output);

/// The module that importHuggingFace would write, and nothing written. Throws the same errors, but for the tokenizer's.
std::string huggingFaceModule(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_IMPORT_IMPORT_H
