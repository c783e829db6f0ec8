//===- Unfinished.h - what a signal that ends the process removes ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_UNFINISHED_H
#define XLSTM_RUNTIME_FILES_INTERNAL_UNFINISHED_H

#include <filesystem>

namespace xlstm {

// Files and folders that go when the process is ended by a signal.
void noteUnfinished(const std::filesystem::path &path);
void forgetUnfinished(const std::filesystem::path &path);

/// While one lives, no signal ends the process in the orderly way.
class HoldUnfinished {
public:
  HoldUnfinished();
  ~HoldUnfinished();
  HoldUnfinished(const HoldUnfinished &) = delete;
  HoldUnfinished &operator=(const HoldUnfinished &) = delete;
};

/// Removes all that was noted. To be called while held.
void removeUnfinished();

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_UNFINISHED_H
