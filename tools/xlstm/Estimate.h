//===- Estimate.h - what a run will need ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_ESTIMATE_H
#define XLSTM_TOOLS_XLSTM_ESTIMATE_H

#include "MachineSpeed.h"
#include "Recipe.h"

namespace xlstm {

constexpr int64_t ProgramBytes = 300'000'000; // xlstm itself, LibTorch and LLVM, or a GPU's context

/// One stage of a run. Bytes: of what it leaves in the run's folder for good, of what is there only until it is done,
/// and of memory at its peak (on a GPU: of the GPU's). Tokens that a model reads or trains on, and the multiplications
/// and additions of that; bytes that are copied or made tokens of, where that takes the time.
struct StageNeeds {
  std::string name, what;
  int64_t stays = 0, passes = 0, memory = 0;
  int64_t tokens = 0;
  double operations = 0, bytes = 0;
  int64_t sent = 0; // bytes that one of several ranks sends in a step
};

/// The stages of `recipe` in order and what each needs, from its teacher's shapes alone: no weight is read. Throws
/// Error as the import and the rewrite would. Memory and traffic are those of one of `ranks` ranks.
std::vector<StageNeeds> estimateRun(const Recipe &recipe, int64_t ranks = 1);
/// The same for a teacher whose module is at hand.
std::vector<StageNeeds> estimateRun(const Recipe &recipe, const std::string &teacherModule, const std::string &origin,
                                    int64_t ranks = 1);

/// Bytes of text in corpora, about: a compressed byte stands for four.
double textBytes(const CorpusFiles &files);

/// Of the run's folder, when most of it is there together.
int64_t bytesAtFullest(const std::vector<StageNeeds> &stages);

/// The stages as a table, with tokens and time, the disk that the run needs at its fullest and leaves, and the largest
/// memory.
std::string estimateText(const std::vector<StageNeeds> &stages, const MachineSpeed &speed);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_ESTIMATE_H
