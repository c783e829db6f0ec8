//===- Bundle.h - a model folder: IR, weights, tokenizer ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_BUNDLE_H
#define XLSTM_RUNTIME_FILES_BUNDLE_H

#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// A bundle: `bundle.json` (versions), `model.mlir` (text or bytecode; function @model), `model.safetensors` or shards,
/// and the teacher's own config.json, tokenizer.json, generation_config.json, chat template carried along.
struct Bundle {
  std::filesystem::path folder;
  WeightFiles weights;
  /// "teacher" or "student".
  std::string kind;

  /// Throws Error: not a bundle, or made by a newer version of the format than this tool knows.
  static Bundle open(const std::filesystem::path &folder);
  static bool isBundle(const std::filesystem::path &folder);

  std::filesystem::path modelFile() const { return folder / "model.mlir"; }
  std::filesystem::path tokenizerFile() const { return folder / "tokenizer.json"; }
  /// False for a model that works on token ids only.
  bool hasTokenizer() const;
};

/// The version of the bundle format; that of the dialects is 1 (LM_Dialect).
constexpr int bundleFormatVersion = 1;

/// Writes bundle.json into `folder`. `source` says in a line what the bundle was made from.
void writeBundleManifest(const std::filesystem::path &folder, const std::string &kind, const std::string &source);

/// Asked before the work begins: throws Error where checkOutput (Output.h) does, and when `folder` holds what writing a
/// bundle there would lose: anything but a bundle or an empty folder.
void checkBundleOutput(const std::filesystem::path &folder, const std::vector<std::filesystem::path> &inputs = {});

/// Copies the files that travel with a model (config.json, tokenizer files, chat template, generation_config.json),
/// those that are there, from one folder to another.
void carryModelFiles(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_BUNDLE_H
