//===- Durable.h - temporary names and flushing to disk -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H

#include <filesystem>

namespace xlstm {

/// Absolute, without "..", "." and a separator at the end.
std::filesystem::path normalPath(const std::filesystem::path &path);

/// A hidden name beside `target` that no other process and no other call in this one uses.
std::filesystem::path temporaryPath(const std::filesystem::path &target);

/// Removes what processes that are no more left under temporary names of `target`.
void removeStale(const std::filesystem::path &target);

/// Flushes a folder's entries to disk. Throws Error.
void flushFolder(const std::filesystem::path &folder);

/// Flushes all files and folders in `folder` and the folder to disk. Throws Error.
void flushTree(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H
