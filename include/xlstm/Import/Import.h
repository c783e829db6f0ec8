//===- Import.h - from a teacher's files to a bundle ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_IMPORT_IMPORT_H
#define XLSTM_IMPORT_IMPORT_H

#include <filesystem>

namespace xlstm {

/// A Hugging Face folder (config.json, safetensors, tokenizer.json) becomes a bundle at `output`, whole or not at all.
/// The weights' files are carried as they are. Throws Error naming the file, the place, expected and actual: unknown
/// family, a key with a value we cannot honour, a tensor that is missing, unread or of another shape.
void importHuggingFace(const std::filesystem::path &folder, const std::filesystem::path &output);

} // namespace xlstm

#endif // XLSTM_IMPORT_IMPORT_H
