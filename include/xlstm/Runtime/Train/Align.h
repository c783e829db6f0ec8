//===- Align.h - stage I, layer-wise alignment ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_ALIGN_H
#define XLSTM_RUNTIME_TRAIN_ALIGN_H

#include "xlstm/Runtime/Train/Trainer.h"

namespace xlstm {

/// Losses of one converted layer on held-out rows: means over tokens of ||student - teacher||^2.
struct LayerAlignment {
  int64_t layer = 0;
  double initial = 0, final = 0;
  double windowOnly = 0; // of the window branch alone (o = 0)
  double energy = 0;     // mean of ||teacher||^2, what "relative" divides by
};

struct AlignReport {
  std::vector<LayerAlignment> layers;
  int64_t steps = 0, heldOutTokens = 0;

  // Sums over layers of the losses, or of the losses relative to each layer's energy.
  double initial(bool relative) const;
  double final(bool relative) const;
  double windowOnly(bool relative) const;

  Json toJson() const;
};

struct AlignResult {
  ParamMap trained; // the new tensors only
  AlignReport report;
};

/// A program with function "align" (docs/Architecture.md) whose loss divides that of each converted layer, in order, by
/// a constant of `energies` (xlstm-build-align); by nothing where there is none.
/// alignPass() is the pass that does so.
using AlignBuilder = std::function<Program(const std::vector<double> &energies)>;
/// xlstm-build-align with `options`, as it takes them inside braces, and the energies.
std::string alignPass(const std::string &options, const std::vector<double> &energies);

/// Runs "align" on the teacher's own hidden stream. Only the params that a pass added train; those of `teacher` are
/// frozen: give them away, so that those which the function rounds anyway are held rounded alone. What is minimised is
/// the sum over layers of loss / energy: the sum itself would let the layers with the largest values use up the clipped
/// gradient. The energies are constants, those of the teacher on the held-out rows, measured once and kept in
/// energies.json and in the checkpoints' identity: so the gradient of a batch is the mean of its parts', and what is
/// minimised is what is validated. Writes report.json into `folder` beside what train() writes. Rows should be full
/// ones: padding counts as tokens. Throws Error.
AlignResult alignStudent(const AlignBuilder &build, ParamMap teacher, const MixedRows &data, const TokenRows &heldOut,
                         const TrainOptions &options, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_ALIGN_H
