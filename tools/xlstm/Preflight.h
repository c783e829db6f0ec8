//===- Preflight.h - what later stages need, looked at first --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_PREFLIGHT_H
#define XLSTM_TOOLS_XLSTM_PREFLIGHT_H

#include "Recipe.h"

#include "xlstm/Runtime/Data/CorpusFile.h"

#include <map>

namespace xlstm {

/// The corpora of a recipe, each read to its end.
using Corpora = std::map<std::filesystem::path, CorpusFile>;

/// Before a run writes anything: its folder, every corpus and task file read to the end, what `compile` needs. Throws
/// Error.
Corpora checkRun(const Recipe &recipe, const std::filesystem::path &output);

/// Before training, when the teacher's bundle is there: tokens that begin and end a text, a row of tokens from every
/// corpus, room on the disk that holds `run` for what the run will leave there at its fullest. Throws Error.
void checkTeacher(const Recipe &recipe, const Corpora &corpora, const std::filesystem::path &teacher,
                  const std::filesystem::path &run);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_PREFLIGHT_H
