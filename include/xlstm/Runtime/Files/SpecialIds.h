//===- SpecialIds.h - the ids that a model folder gives a meaning ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_SPECIALIDS_H
#define XLSTM_RUNTIME_FILES_SPECIALIDS_H

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace xlstm {

/// bos_token_id and eos_token_id of a model folder: those of generation_config.json, those it lacks of config.json.
/// Whether a text begins with bos is not for them to say: tokenizer.json does (EncodeText.h).
struct SpecialIds {
  std::optional<int32_t> bos;
  /// Each of them ends a generation; the first one ends a document. Empty where the folder names none.
  std::vector<int32_t> eos;

  /// Ids must be below `limit`. Throws Error for other values and for files that are damaged.
  static SpecialIds read(const std::filesystem::path &folder, int64_t limit);
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_SPECIALIDS_H
