//===- Preflight.h - what later stages need, looked at first --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_PREFLIGHT_H
#define XLSTM_TOOLS_XLSTM_PREFLIGHT_H

#include "FileHashes.h"
#include "Recipe.h"

namespace xlstm {

/// Before a run writes anything: its folder, every corpus and task file read to the end, that no document serves two of
/// train, valid and test, what `compile` needs. `looked`: what an earlier call returned; corpora are not read again
/// where it is the same now. Throws Error.
std::string checkRun(const Recipe &recipe, const std::filesystem::path &output, FileHashes &hashes,
                     const std::string &looked);

/// Before training, when the teacher's bundle is there: tokens that begin and end a text, a row of tokens from every
/// corpus, room on the disk that holds `run` for what the run will leave there at its fullest. Throws Error.
void checkTeacher(const Recipe &recipe, const std::filesystem::path &teacher, const std::filesystem::path &run);

/// Throws Error where a split that is a share of the documents has none. Reads on to the first of each.
void checkShares(const std::vector<RecipeDomain> &domains);

/// Reads all corpora to their ends. Throws Error: one that cannot be read or has no document, a file or a document that
/// is in two splits, of whichever domains; what checkShares does.
void checkCorpora(const std::vector<RecipeDomain> &domains);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_PREFLIGHT_H
