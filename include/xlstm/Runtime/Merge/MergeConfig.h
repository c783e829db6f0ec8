//===- MergeConfig.h - what to merge, in mergekit's form ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_MERGE_MERGECONFIG_H
#define XLSTM_RUNTIME_MERGE_MERGECONFIG_H

#include "xlstm/Support/DType.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xlstm {

enum class MergeMethod { Linear, TaskArithmetic, Ties, DareLinear, DareTies, Slerp };

/// mergekit's words for them: "linear", "task_arithmetic", ...
const std::map<std::string, MergeMethod> &mergeMethodNames();
/// Whether the method works on differences to a base model.
bool isOfTaskVectors(MergeMethod method);

/// A parameter as mergekit reads one: the first choice whose filter is part of the tensor's name says the value;
/// several values are a gradient, interpolated from the first layer to the last.
class MergeSetting {
public:
  struct Choice {
    std::string filter; // empty: every tensor
    std::vector<double> values;
  };

  MergeSetting(double value) : choices{{"", {value}}} {}
  MergeSetting(std::vector<Choice> choices) : choices(std::move(choices)) {}

  /// `depth`: 0 at the first layer (and outside of layers), 1 at the last. Without `interpolate` one of the values is
  /// taken, as for what is on or off. Nothing where no choice is for the tensor.
  std::optional<double> at(const std::string &tensor, double depth, bool interpolate = true) const;
  /// Whether it is one number for every tensor.
  bool isOneNumber() const { return choices.size() == 1 && choices[0].filter.empty() && choices[0].values.size() == 1; }

private:
  std::vector<Choice> choices;
};

/// By the parameter's name.
using MergeSettings = std::map<std::string, MergeSetting>;

/// A model's folder, and what the YAML says of it: "weight", "density".
struct MergeSource {
  std::filesystem::path folder;
  MergeSettings settings;
};

/// In which types a merge computes and writes.
struct MergeTypes {
  /// What tensors are cast to in front of the merge, whose steps are rounded to it where mergekit rounds them (dtype);
  /// none: nothing is cast, and sums in float64 are rounded once.
  std::optional<DType> type;
  /// The type of what is written (out_dtype); none: `type`, or those in which the models store their tensors.
  std::optional<DType> outType;

  /// The type of all floats that are written; none: each tensor's own.
  std::optional<DType> writtenType() const { return outType ? outType : type; }
};

struct MergeConfig : MergeTypes {
  MergeMethod method = MergeMethod::Linear;
  std::vector<MergeSource> models;
  /// For all models, and what a source does not say itself; the first that knows a parameter counts.
  std::vector<MergeSettings> shared;
  /// Empty: none. Of a linear merge the bundle whose other files the result has, else the first model's.
  std::filesystem::path base;
  /// All models must have one tokenizer, which is then that of any of them and their union.
  bool needsOneTokenizer = false;
  /// Layers that the YAML says the models have; 0: it does not.
  int64_t layers = 0;
  /// Of the elements that DARE drops.
  int64_t seed = 0;
  /// What is read, but not followed; one line each.
  std::vector<std::string> warnings;
  /// NaN and infinities in weights are no error.
  bool allowNonFinite = false;
};

/// Reads mergekit's YAML (docs/Merging.md). Folders are relative to the file's. Parameters that the method does not
/// know are warned of. Throws Error with file and line for what would change the result and is not followed.
MergeConfig readMergeConfig(const std::filesystem::path &file);

/// Reads one parameter: a number or truth value, a list of these, or choices by filter. Throws Error.
MergeSetting readMergeSetting(const class YamlNode &node, bool isSwitch);

/// Reads dtype or out_dtype. Throws Error.
DType readMergeType(const class YamlNode &node);

/// The models that are merged, the base apart where the method has one. Throws Error for too few or too many, for one
/// that comes twice, and where the base is missing.
std::vector<MergeSource> mergedModels(const MergeConfig &config);

/// What the parameters are for one tensor; defaults are mergekit's.
struct TensorParameters {
  bool normalize = true, rescale = false;
  double lambda = 1, t = 0;
  std::vector<double> weights, densities; // a merged model each
};

/// `models`: mergedModels. Throws Error: no value for this tensor, or weights that cannot be normalised.
TensorParameters parametersOf(const MergeConfig &config, const std::vector<MergeSource> &models,
                              const std::string &tensor, double depth);

} // namespace xlstm

#endif // XLSTM_RUNTIME_MERGE_MERGECONFIG_H
