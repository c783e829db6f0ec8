//===- StateFile.h - a text and the state of the model that has read it ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Magic, the model's hash, sizes, the tokens, a note, which pages of the state are not zero, those pages, and a hash of
// all that; little endian. It is written beside its place and renamed.

#ifndef XLSTM_RUNTIME_FILES_STATEFILE_H
#define XLSTM_RUNTIME_FILES_STATEFILE_H

#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <vector>

namespace xlstm {

struct SavedState {
  std::vector<int32_t> tokens;
  std::string note; // JSON of who saved it; may be empty
  std::vector<std::byte> state;
};

/// Throws Error where the file cannot be written.
void writeStateFile(const std::filesystem::path &path, const FileHash &model, const SavedState &saved);

/// The state of `model` in `file`, of `stateBytes` bytes, its tokens below `vocab`. Throws Error for a file of another
/// kind, of another model, or that is damaged.
SavedState readStateFile(const MappedFile &file, const FileHash &model, uint64_t stateBytes, int64_t vocab);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_STATEFILE_H
