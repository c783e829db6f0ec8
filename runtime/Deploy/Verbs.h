//===- Verbs.h - what a compiled executable can be told to do -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef RUNTIME_DEPLOY_VERBS_H
#define RUNTIME_DEPLOY_VERBS_H

#include "runtime/Deploy/Backend.h"

#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Within.h"

namespace xlstm {

// Each adds its options (the first: those without a verb); what they call throws Error. `backend` outlives `app`.
void addGenerate(CLI::App &app, Backend &backend);
void addBench(CLI::App &app, Backend &backend);
void addLogits(CLI::App &app, Backend &backend);
void addPerplexity(CLI::App &app, Backend &backend);
void addServe(CLI::App &app, Backend &backend);
void addVerify(CLI::App &app, Backend &backend);

/// Adds -t where the backend runs in threads.
void addThreads(CLI::App &app, Backend &backend);

/// Throws Error for a model that was compiled for several texts at once: only bench runs those.
void checkOneText(const ModelNumbers &numbers);

} // namespace xlstm

#endif // RUNTIME_DEPLOY_VERBS_H
