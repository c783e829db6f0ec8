//===- Speed.h - how fast teacher and student write, by length ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_SPEED_H
#define XLSTM_TOOLS_XLSTM_SPEED_H

#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Target/Link.h"

#include <vector>

namespace xlstm {

struct SpeedSettings {
  std::vector<int64_t> lengths; // tokens that stand before what is written
  CompileOptions compile;       // of the teacher, as the student was compiled
};

/// What the verb bench of an executable says with these options, as JSON. Throws Error where it fails.
Json benchExecutable(const std::filesystem::path &executable, const std::vector<std::string> &options);

/// Compiles the teacher for this alone and measures both executables by their verb bench. Writes `output`, which the
/// report reads: tokens a second of each at each length.
void measureSpeed(const std::filesystem::path &teacher, const std::filesystem::path &chat,
                  const SpeedSettings &settings, const std::filesystem::path &output);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_SPEED_H
