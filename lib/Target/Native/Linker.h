//===- Linker.h - from an object file to a program ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_LINKER_H
#define LIB_TARGET_NATIVE_LINKER_H

#include <filesystem>
#include <string>
#include <vector>

namespace xlstm {

/// Where the archives are: `given`, else lib/xlstm or lib beside the bin/ of the running tool.
std::filesystem::path librariesOf(const std::filesystem::path &given);

/// The named archives of ours and the system's that they need, in link order. Throws Error for one that is missing.
std::vector<std::string> findArchives(const std::filesystem::path &libraries, const std::vector<std::string> &ours);

/// A static library of the system: beside our own ones where they were installed together, else where the build found
/// it.
std::filesystem::path systemLibrary(const std::filesystem::path &libraries, const std::filesystem::path &found);

/// A file that `what` needs. Throws Error where it is not there.
std::filesystem::path existing(const std::filesystem::path &file, const char *what = "to link the executable");

/// Links the objects with archives and further flags to `program`, whose folder is also the linker's own for temporary
/// files. Throws Error with the linker's first line.
void linkProgram(const std::vector<std::filesystem::path> &objects, const std::vector<std::string> &archives,
                 const std::filesystem::path &program);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_LINKER_H
