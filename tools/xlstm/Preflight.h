//===- Preflight.h - what later stages need, looked at first --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_PREFLIGHT_H
#define XLSTM_TOOLS_XLSTM_PREFLIGHT_H

#include "Recipe.h"

namespace xlstm {

/// Before a run writes anything: its folder, every corpus and task file read to the end, what `compile` needs. Throws
/// Error.
void checkRun(const Recipe &recipe, const std::filesystem::path &output);

/// Before training, when the teacher's bundle is there: tokens that begin and end a text, a row of tokens from every
/// corpus, room on the disk that holds `run` for checkpoints. Throws Error.
void checkTeacher(const Recipe &recipe, const std::filesystem::path &teacher, const std::filesystem::path &run);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_PREFLIGHT_H
