//===- CopyFile.h - copies and second names of large files ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_COPYFILE_H
#define XLSTM_RUNTIME_FILES_COPYFILE_H

#include <filesystem>

namespace xlstm {

/// Writes the content of `from` to the new file `to`, inside the kernel: blocks are shared where the file system can
/// (btrfs, XFS), holes stay holes. Links are followed. Throws Error, leaving nothing, when `to` exists, `from` is no
/// regular file or the disk is full.
void copyFile(const std::filesystem::path &from, const std::filesystem::path &to);

/// Gives the content of `from`, links followed, the second name `to`. False where that cannot be: another file system,
/// one without hard links, a file of somebody else.
bool linkFile(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_COPYFILE_H
