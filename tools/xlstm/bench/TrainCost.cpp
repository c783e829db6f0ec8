//===- TrainCost.cpp - what a training step needs of memory -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TrainCost.h"

#include "../Estimate.h"

namespace xlstm::bench {

int64_t foretoldBytes(const std::string &teacherModule, const std::string &stage, const TrainOptions &options,
                      int64_t length, int64_t window, int64_t topK, bool isGpu, int64_t ranks) {
  Recipe recipe;
  recipe.length = length, recipe.topK = topK;
  recipe.student.options["window"] = std::to_string(window);
  recipe.align.options = options;
  recipe.experts = {{"bench", {options, 0, 1, {}}}};
  for (const StageNeeds &needs : estimateRun(recipe, teacherModule, "bench", ranks))
    if (needs.name == (stage == "align" ? "align" : "expert-bench"))
      return needs.memory - (isGpu ? ProgramBytes : 0); // which LibTorch does not count
  return 0;
}

} // namespace xlstm::bench
