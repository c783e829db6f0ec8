//===- Config.h - config.json of a teacher --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_CONFIG_H
#define LIB_IMPORT_HUGGINGFACE_CONFIG_H

#include "lib/Import/HuggingFace/Rope.h"
#include "xlstm/Model/Families.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace xlstm {

/// One layer's attention.
struct LayerConfig {
  /// Keys that a query sees, itself included; nothing: all.
  std::optional<int64_t> window;
  Rope rope;
};

/// What config.json says, whatever its generation (2024's hub files, transformers 4.57, transformers 5), checked and
/// with the class defaults of transformers where a key is absent.
struct TeacherConfig {
  const Family *family = nullptr;
  int64_t vocabSize = 0, hiddenSize = 0, intermediateSize = 0;
  int64_t numHeads = 0, numKvHeads = 0, headDim = 0;
  int64_t contextLength = 0;
  double normEps = 0;
  bool tiedHead = false;
  Biases<bool> biases;
  std::vector<LayerConfig> layers;
  /// What is read, but not followed in every case; one line each.
  std::vector<std::string> warnings;
};

/// Throws Error "FILE: 'KEY': expected ..., found ...": a value of the wrong type or out of range, values that
/// contradict each other, an unknown family, anything that would change the numbers and cannot be honoured.
TeacherConfig readTeacherConfig(const std::filesystem::path &path);
/// The same of what a config.json would hold; errors name `origin`.
TeacherConfig readTeacherConfig(const Json &json, const std::string &origin);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_CONFIG_H
