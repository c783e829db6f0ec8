//===- StepCost.cpp - what a training step costs at least -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "StepCost.h"

#include <algorithm>

namespace xlstm {

/// Of a mixer or of attention, forward and backward, by forward: the backward is 2.5 times that.
static constexpr double bothWays = 3.5;

/// Of products of a token with a layer's weights, without the gates' few.
static double weightsOf(const ModelDescription &model, const LayerDescription &layer) {
  return double(model.width * (2 * (layer.heads + layer.kvHeads) * layer.headSize + 3 * layer.feedForward));
}

/// Softmax attention of one head: a window's keys and sinks, or half of the row on the average.
static double attentionOf(const LayerDescription &layer, int64_t window, int64_t length) {
  double seen = window ? double(std::min(length, window) + layer.sinks) : double(length) / 2;
  return 4 * double(layer.headSize) * seen;
}

/// What stands between the projections, forward: the attention of heads that have some, and a memory's maps, state and
/// chunks (any memory's as the mLSTM's).
static double mixerOf(const LayerDescription &layer, int64_t length) {
  double d = double(layer.headSize), kept = double(layer.keptHeads.size()), others = double(layer.heads) - kept;
  double operations = kept * attentionOf(layer, 0, length);
  if (layer.attends && (kept == 0 || layer.window > 0))
    operations += others * attentionOf(layer, layer.window, length);
  if (!layer.form.empty())
    operations += others * (8 * d * d + 2 * double(layer.chunk) * d);
  return operations;
}

double alignOperations(const ModelDescription &teacher, const ModelDescription &student, int64_t length) {
  double operations = 0;
  for (const LayerDescription &layer : teacher.layers)
    operations += 2 * weightsOf(teacher, layer) + mixerOf(layer, length);
  for (const LayerDescription &layer : student.layers)
    if (!layer.student.empty())
      operations += bothWays * mixerOf(layer, length);
  return operations;
}

double distillOperations(const ModelDescription &student, int64_t length, Trained trained) {
  double weights = double(student.vocab * student.width), mixers = 0;
  for (const LayerDescription &layer : student.layers) {
    weights += weightsOf(student, layer);
    mixers += mixerOf(layer, length);
  }
  return (trained == Trained::Full ? 6 : 4) * weights + bothWays * mixers;
}

} // namespace xlstm
