//===- Output.h - may a command write where it was told to? ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_OUTPUT_H
#define XLSTM_RUNTIME_FILES_OUTPUT_H

#include <filesystem>
#include <vector>

namespace xlstm {

/// Absolute, without "..", "." and a separator at the end: its last part is the name. Throws Error for an empty path.
std::filesystem::path normalPath(const std::filesystem::path &path);

/// File and Folder are replaced as a whole. What is in a KeptFolder stays, and folders on the way to it are made.
enum class OutputKind { File, Folder, KeptFolder };

/// Asked before the work begins. Throws Error for an empty path, a folder to write in that is not there or cannot be
/// written to, something of another kind at `output`, and where `output` is one of `inputs`, holds one or lies in one,
/// or would replace the running program.
void checkOutput(const std::filesystem::path &output, OutputKind kind,
                 const std::vector<std::filesystem::path> &inputs = {});

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_OUTPUT_H
