//===- Durable.h - outputs in the making, and flushing to disk ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H

#include "xlstm/Runtime/Files/Output.h"

namespace xlstm {

/// A file or folder under a hidden name beside an output, where that is made. Its maker holds a lock (flock) on it: one
/// that nobody holds was left by a process that is no more, and goes when the next one is made for the same output.
/// A signal that ends the process removes it (Interrupt.h), and so does the destructor.
class Temporary {
public:
  enum class Kind { File, Folder };
  /// `target`: the output, as normalPath gives it. Throws Error.
  Temporary(const std::filesystem::path &target, Kind kind);
  ~Temporary();
  Temporary(const Temporary &) = delete;
  Temporary &operator=(const Temporary &) = delete;

  const std::filesystem::path &path() const { return name; }
  /// Of the file, for writing, or of the folder.
  int descriptor() const { return lock; }
  /// Renames it to the target. Where a folder is in the way the two change places and `path` then is the old one, which
  /// discard() removes. Throws Error, and then target and temporary are what they were.
  void moveToTarget();
  /// Removes what is left under `path`, as the destructor does.
  void discard();

private:
  void moveFolder();

  std::filesystem::path target, name;
  int lock = -1;
  bool isGone = false; // nothing is left under `name`
};

/// Removes what processes that are no more left under temporary names of `target`.
void removeStale(const std::filesystem::path &target);

/// Flushes a folder's entries to disk. Throws Error.
void flushFolder(const std::filesystem::path &folder);

/// Flushes all files and folders in `folder` and the folder to disk. Throws Error.
void flushTree(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_DURABLE_H
