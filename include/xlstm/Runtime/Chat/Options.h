//===- Options.h - what a model is told to write --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_CHAT_OPTIONS_H
#define XLSTM_RUNTIME_CHAT_OPTIONS_H

#include "xlstm/Runtime/Text/Sampler.h"

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace xlstm {

/// The options of `xlstm generate` and of a compiled executable.
struct TextOptions {
  std::optional<std::string> prompt, file, system, tools;
  /// A message to answer; empty: those that standard input has, a line each.
  std::optional<std::string> chat;
  int64_t most = 128; // -1: until the model ends the text
  int64_t seed = -1;  // -1: another one each time
  SamplerOptions sampler = {0.8, 40, 0.95, 0};
  /// Token ids to continue, in place of a text; empty: none.
  std::vector<int32_t> promptIds;
  bool ids = false;
};

/// Adds them to a verb, or to an executable.
void addTextOptions(CLI::App &app, TextOptions &options);

} // namespace xlstm

#endif // XLSTM_RUNTIME_CHAT_OPTIONS_H
