//===- Distill.h - stage II, one expert -----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_DISTILL_H
#define XLSTM_RUNTIME_TRAIN_DISTILL_H

#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Train/OnPolicy.h"
#include "xlstm/Runtime/Train/Trainer.h"

namespace xlstm {

/// Cross-entropies in nats a labelled token of the held-out rows; where the student writes, KL of what it writes.
struct DistillReport {
  double initial = 0, best = 0, last = 0;
  int64_t bestStep = 0, steps = 0;

  Json toJson() const;
};

struct DistillResult {
  ParamMap params; // of the step with the least of that, step 0 included
  DistillReport report;
};

/// Runs function "distill" of `program`: cross-entropy and sparse KL to the targets of `source`, weighed as the module
/// says. `load` gives the student's params anew each time: they are trained in place, in float32, as far as
/// options.trained says, and asked for once more at the end where step 0 stays the best or where those that do not
/// train were held rounded, as the function reads them. With Trained::Lora the module has been through xlstm-add-lora,
/// whose tensors start at their initial values; the result has them merged. Writes report.json into `folder` beside
/// what train() writes. Throws Error.
///
/// With a `writer` the student goes on from what `data` begins with, in every step anew (Trainer.h), and that is what
/// the losses are of; of the held-out rows, too: "held_out" is then the KL of what it writes behind them, always drawn
/// by the same numbers, and what the held-out text itself gives is in the log as "text_ce" and "text_kl". The source
/// has to answer in the step.
DistillResult distillExpert(const Program &program, const std::function<ParamMap()> &load, const MixedRows &data,
                            const TargetSource &source, const TokenRows &heldOut, const TrainOptions &options,
                            const std::filesystem::path &folder, const StudentWriter *writer = nullptr);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_DISTILL_H
