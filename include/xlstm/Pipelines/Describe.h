//===- Describe.h - what a module's model is ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_DESCRIBE_H
#define XLSTM_PIPELINES_DESCRIBE_H

#include "xlstm/Model/Roles.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xlstm {

/// One layer of a model, read off its ops. 0 and empty: has none.
struct LayerDescription {
  /// "attention", or the kind of the student's mixer.
  std::string mixer;
  /// What xlstm-linearize left on a layer of a student, "#xlstm.mixer<window = 64>".
  std::string student;
  /// Whether it has softmax attention, alone or beside a memory.
  bool attends = false;
  int64_t heads = 0, kvHeads = 0, headSize = 0, feedForward = 0;
  /// Of a student's layer the query heads that stay attention, and how many key heads they read.
  std::vector<int64_t> keptHeads;
  int64_t keptKeyHeads = 0;
  /// Keys that softmax attention sees: the last `window`, 0 for all, and the document's first `sinks`.
  int64_t window = 0, sinks = 0;
  /// "theta 10000"; of a scaled one the range of its frequencies in radians a position.
  std::string rope;
  /// "per head" or "full width".
  std::string qkNorm;
  Biases<bool> biases;
  /// Of a student's memory: feature map, form and chunk.
  std::string featureMap, form;
  int64_t chunk = 0;

  bool operator==(const LayerDescription &) const = default;
};

struct ModelDescription {
  std::string family;
  int64_t contextLength = 0, vocab = 0, width = 0;
  double normEps = 0;
  /// Whether the head reads the embedding's table.
  bool tied = false;
  std::vector<LayerDescription> layers;
  /// Elements of all parameters, of the embedding table, and of those that a pass added.
  int64_t parameters = 0, embeddingParameters = 0, newParameters = 0;
};

/// Describes @model of a module, text or bytecode. `origin` names it in errors. Throws Error: not a module, no @model.
ModelDescription describeModel(std::string_view mlir, const std::string &origin);

} // namespace xlstm

#endif // XLSTM_PIPELINES_DESCRIBE_H
