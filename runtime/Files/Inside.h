//===- Inside.h - files that a model's folder names or carries ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_INSIDE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_INSIDE_H

#include <filesystem>

namespace xlstm {

/// Opens the file `name` of `folder` for reading, by the rules of MappedFile::openInside. Throws Error.
int openInside(const std::filesystem::path &folder, const std::filesystem::path &name);

/// The same; -1 where nothing has that name.
int findInside(const std::filesystem::path &folder, const std::filesystem::path &name);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_INSIDE_H
