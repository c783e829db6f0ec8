//===- Commands.h - the verbs of xlstm ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_COMMANDS_H
#define XLSTM_TOOLS_XLSTM_COMMANDS_H

#include "Ranges.h"

#include "xlstm/Support/Within.h"

namespace xlstm {

/// Adds --device to a verb that runs a model (xlstm/Runtime/Evaluate/Device.h).
inline void addDeviceOption(CLI::App &verb, std::string &device) {
  verb.add_option("--device", device, "Where to run: cpu, or cuda (needs a GPU and LibTorch's CUDA half)")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->default_val("cpu");
}

/// A check for a count that a recipe has under `key`.
inline CLI::Validator countWithin(std::string_view key) {
  return within(int64_t(rangeOf(key).least), int64_t(rangeOf(key).most));
}

/// Adds --allow-nonfinite to a verb that refuses such weights.
inline void addNonFiniteFlag(CLI::App &verb, bool &allow) {
  verb.add_flag("--allow-nonfinite", allow, "Take weights with NaN or infinities as they are");
}

// Each adds its verb to the driver; the verb throws Error.
void addImportCommand(CLI::App &app);
void addLinearizeCommand(CLI::App &app);
void addDistillCommand(CLI::App &app);
void addStatusCommand(CLI::App &app);
void addPatchCommand(CLI::App &app);
void addMergeCommand(CLI::App &app);
void addEvalCommand(CLI::App &app);
void addReportCommand(CLI::App &app);
void addCompileCommand(CLI::App &app);
void addLogitsCommand(CLI::App &app);
void addDiffCommand(CLI::App &app);
void addExportCommand(CLI::App &app);
void addGenerateCommand(CLI::App &app);
void addInspectCommand(CLI::App &app);
void addHeadsCommand(CLI::App &app);
void addRecallCommand(CLI::App &app);
void addFactsCommand(CLI::App &app);
void addVerifyCommand(CLI::App &app);
void addTargetsCommand(CLI::App &app);
void addReplayCommand(CLI::App &app);
void addRecipeCommand(CLI::App &app);
void addBenchCommand(CLI::App &app);
void addCompletionCommand(CLI::App &app);

inline constexpr void (*allCommands[])(CLI::App &) = {
    addImportCommand, addLinearizeCommand, addDistillCommand,   addMergeCommand, addEvalCommand,
    addReportCommand, addCompileCommand,   addLogitsCommand,    addDiffCommand,  addBenchCommand,
    addExportCommand, addGenerateCommand,  addInspectCommand,   addHeadsCommand, addRecallCommand,
    addFactsCommand,  addVerifyCommand,    addStatusCommand,    addPatchCommand, addTargetsCommand,
    addReplayCommand, addRecipeCommand,    addCompletionCommand};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_COMMANDS_H
