//===- Export.h - from a bundle to the formats of others ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_IMPORT_EXPORT_H
#define XLSTM_IMPORT_EXPORT_H

#include <cstdint>
#include <filesystem>

namespace xlstm {

struct ExportOptions {
  /// Weights of more bytes are written as shards, none larger unless one tensor alone is.
  uint64_t maxShardBytes = 5'000'000'000;
  /// NaN and infinities in weights are no error.
  bool allowNonFinite = false;
};

/// Writes a bundle as a Hugging Face folder at `output`, whole or not at all: config.json derived from the
/// IR, with the keys of transformers 4 and of transformers 5, safetensors under the names and in the types of the
/// bundle, tokenizer files, generation_config.json and chat template. Token ids of config.json are those of the
/// bundle's own config.json, where it has one. A student's config.json has its ops, the folder the code that computes
/// them and a model card. Throws Error: a module that neither a class of transformers nor that code computes; an output
/// folder that is not empty.
void exportHuggingFace(const std::filesystem::path &bundle, const std::filesystem::path &output,
                       const ExportOptions &options = {});

/// Writes a bundle as `model.onnx` (opset 18) with its weights in `model.onnx_data`, and the
/// tokenizer's files, into the folder `output`: docs/Exports.md has the inputs and outputs. Throws Error as
/// exportHuggingFace: an op for which there are no nodes is named.
void exportOnnx(const std::filesystem::path &bundle, const std::filesystem::path &output,
                const ExportOptions &options = {});

/// Writes a student as one GGUF file, which importGguf makes the same bundle of. Throws Error: a teacher; a tensor that
/// the format cannot hold.
void exportGguf(const std::filesystem::path &bundle, const std::filesystem::path &output,
                const ExportOptions &options = {});

} // namespace xlstm

#endif // XLSTM_IMPORT_EXPORT_H
