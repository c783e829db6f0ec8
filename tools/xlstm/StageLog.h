//===- StageLog.h - what a run's stages took ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_STAGELOG_H
#define XLSTM_TOOLS_XLSTM_STAGELOG_H

#include <cstdint>
#include <filesystem>
#include <string>

namespace xlstm {

/// Adds a stage to RUN/stages.json: {machine, cores, device, version, commit, stages: [{name, seconds, tokens}]}, the
/// machine and the commit being those of the last stage. A stage that was gone on with has the time of its last part.
/// `tokens`: those that training read; 0 for other stages.
void logStage(const std::filesystem::path &run, const std::string &name, double seconds, int64_t tokens,
              const std::string &device);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_STAGELOG_H
