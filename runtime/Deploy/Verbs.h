//===- Verbs.h - what a compiled executable can be told to do -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_VERBS_H
#define RUNTIME_DEPLOY_VERBS_H

#include "runtime/Deploy/Backend.h"

#include <CLI/CLI.hpp>

#include <string_view>

namespace xlstm {

// Each adds its options (the first: those without a verb); what they call throws Error. `backend` outlives `app`.
void addGenerate(CLI::App &app, Backend &backend);
void addBench(CLI::App &app, Backend &backend);
void addLogits(CLI::App &app, Backend &backend);
void addVerify(CLI::App &app, Backend &backend);

/// Throws Error for a model that was compiled for several texts at once: only bench runs those.
void checkOneText(const ModelNumbers &numbers);

/// A check for numbers in [least, most] that --help does not spell out.
template <typename Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

/// Writes to standard output at once; throws Error when it cannot be written.
void writeOut(std::string_view text);
/// The same of what a model wrote: where a terminal shows it, control characters but newline and tab are escaped.
void writeModelText(std::string_view text);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_VERBS_H
