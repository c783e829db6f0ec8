//===- Estimate.h - what a run will need ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_ESTIMATE_H
#define XLSTM_TOOLS_XLSTM_ESTIMATE_H

#include "Recipe.h"

namespace xlstm {

constexpr int64_t ProgramBytes = 300'000'000; // xlstm itself, LibTorch and LLVM, or a GPU's context

/// One stage of a run. Bytes: of what it leaves in the run's folder for good, of what is there only until it is done,
/// and of memory at its peak (on a GPU: of the GPU's).
struct StageNeeds {
  std::string name, what;
  int64_t stays = 0, passes = 0, memory = 0;
};

/// The stages of `recipe` in order and what each needs, from its teacher's shapes alone: no weight is read. Throws
/// Error as the import and the rewrite would.
std::vector<StageNeeds> estimateRun(const Recipe &recipe);
/// The same for a teacher whose module is at hand.
std::vector<StageNeeds> estimateRun(const Recipe &recipe, const std::string &teacherModule, const std::string &origin);

/// Of the run's folder, when most of it is there together.
int64_t bytesAtFullest(const std::vector<StageNeeds> &stages);

/// The stages as a table, with the disk that the run needs at its fullest and leaves, and the largest memory.
std::string estimateText(const std::vector<StageNeeds> &stages);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_ESTIMATE_H
