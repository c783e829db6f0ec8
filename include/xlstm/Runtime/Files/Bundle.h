//===- Bundle.h - a model folder: IR, weights, tokenizer ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_BUNDLE_H
#define XLSTM_RUNTIME_FILES_BUNDLE_H

#include "xlstm/Runtime/Files/WeightFiles.h"

#include <optional>

namespace xlstm {

/// Where a student's weights come from: what must agree where experts are merged. Hashes are of all tensors, 32 digits.
struct Lineage {
  std::string teacher; // its weights
  std::string start;   // the weights that training end to end began with, theta(0); empty before that
  std::string stage;   // "linearized", "aligned", "expert", "merged"
  int64_t seed = 0;    // of the recipe
  std::map<std::string, std::string> data; // what it was trained on: domain -> hash
  std::map<std::string, std::string> merge = {}; // of a merge "method", and "dtype" and "out_dtype" where they were said
};

/// What Bundle::open compares with the hashes that bundle.json records: every file, or all but the tensor files, whose
/// names and sizes alone are looked at.
enum class BundleCheck { All, SmallFiles };

/// A bundle: `bundle.json` (versions, hashes of the other files), `model.mlir` (text or bytecode; function @model),
/// `model.safetensors` or shards, and the teacher's own config.json, tokenizer.json, generation_config.json, chat
/// template carried along.
struct Bundle {
  std::filesystem::path folder;
  WeightFiles weights;
  /// "teacher" or "student".
  std::string kind;
  /// What it was made from, in a line.
  std::string source;
  /// Bundles of before, and teachers, have none.
  std::optional<Lineage> lineage;
  /// Whether hashes are recorded: bundles of format 1 have none, and damage of their weights is not seen.
  bool isRecorded = false;

  /// Throws Error: not a bundle, made by a newer version of the format than this tool knows, or damaged.
  static Bundle open(const std::filesystem::path &folder, BundleCheck check = BundleCheck::All);
  static bool isBundle(const std::filesystem::path &folder);

  std::filesystem::path modelFile() const { return folder / "model.mlir"; }
  std::filesystem::path tokenizerFile() const { return folder / "tokenizer.json"; }
  /// False for a model that works on token ids only.
  bool hasTokenizer() const;
};

/// The version of the bundle format; that of the dialects is 1 (LM_Dialect).
constexpr int bundleFormatVersion = 2;

/// Writes bundle.json into `folder`, with a hash of every file that is there. `source` says in a line what the bundle
/// was made from.
void writeBundleManifest(const std::filesystem::path &folder, const std::string &kind, const std::string &source,
                         const std::optional<Lineage> &lineage = std::nullopt);

/// Of the names, types, shapes and values of all tensors, whatever files hold them: 32 hexadecimal digits.
std::string hashOfTensors(const WeightFiles &weights);

/// Writes bundle.json anew for the files as they are now. Throws Error when there is none, or it is damaged itself.
void recordBundle(const std::filesystem::path &folder);

/// Asked before the work begins: throws Error where checkOutput (Output.h) does, and when `folder` holds what writing a
/// bundle there would lose: anything but a bundle or an empty folder.
void checkBundleOutput(const std::filesystem::path &folder, const std::vector<std::filesystem::path> &inputs = {});

/// The names of the files that travel with a model: config.json, tokenizer files, chat template,
/// generation_config.json.
std::span<const char *const> carriedFiles();
/// Copies those that are there from one folder to another.
void carryModelFiles(const std::filesystem::path &from, const std::filesystem::path &to);

/// Copies a bundle, checked, to `to`. What lies in its folder and is no part of it stays behind.
void copyBundle(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_BUNDLE_H
