//===- Linker.h - from an object file to a program ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_LINKER_H
#define LIB_TARGET_NATIVE_LINKER_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// A folder for what is made on the way; gone with its owner.
class TemporaryFolder {
public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;

  std::filesystem::path path;
};

/// Where the archives are: `given`, else lib/ beside the bin/ of the running tool.
std::filesystem::path librariesOf(const std::filesystem::path &given);

/// The named archives of ours and the system's that they need, in link order. Throws Error for one that is missing.
std::vector<std::string> findArchives(const std::filesystem::path &libraries, const std::vector<std::string> &ours);

/// A static library of the system: beside our own ones where they were installed together, else where the build found
/// it.
std::filesystem::path systemLibrary(const std::filesystem::path &libraries, const std::filesystem::path &found);

/// Links the object with archives and further flags to `program`. Throws Error with the linker's first line.
void linkProgram(const std::filesystem::path &object, const std::vector<std::string> &archives,
                 const std::filesystem::path &program);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_LINKER_H
