//===- Models.h - bundles opened for running ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_MODELS_H
#define XLSTM_TOOLS_XLSTM_MODELS_H

#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Merge/MergeConfig.h"

#include <map>

namespace xlstm {

/// A module, which errors call `origin`, after `pipeline`, such as one with @prefill and @decode, and after `then` once
/// its mixers are fused. Throws Error.
Program deriveProgram(const std::string &mlir, const std::string &origin, const std::string &pipeline,
                      const std::string &then = "");

/// A bundle with its @model and weights in memory.
struct RunnableModel {
  Bundle bundle;
  std::string mlir; // content of model.mlir
  Program forward;
  ParamMap params;

  /// `device`: where the weights go, and so where the model runs.
  static RunnableModel open(const std::filesystem::path &folder, const std::string &device = "cpu");
  const FunctionSpec &spec() const { return forward.function("model"); }
  /// deriveProgram of the bundle's module.
  Program derive(const std::string &pipeline, const std::string &then = "") const;
};

/// Imports `source` (a Hugging Face folder, an .onnx or a .gguf file) to a bundle at `output`.
void importTeacher(const std::filesystem::path &source, const std::filesystem::path &output,
                   WeightTransfer transfer = WeightTransfer::Copy);

/// The module that importTeacher would write for `source`, or that of a bundle; nothing is written. Throws the same
/// errors.
std::string moduleOfTeacher(const std::filesystem::path &source);

/// Options of --xlstm-linearize by name, such as those of Pipelines/MixerOptions.h; those that are not there have their
/// defaults.
struct StudentSettings {
  std::map<std::string, std::string> options;

  /// As the pass takes them inside braces.
  std::string passOptions() const {
    std::string text;
    for (const auto &[name, value] : options)
      text += (text.empty() ? "" : " ") + name + "=" + value;
    return text;
  }
};

/// Writes the student of `teacher` to a bundle at `output`: linearized IR, the teacher's weights, and `trained` (new
/// tensors by name; those that it lacks take their initial values). Without a `lineage` it says what linearizing knows.
void writeStudent(const RunnableModel &teacher, const StudentSettings &settings, const ParamMap &trained,
                  const std::filesystem::path &output, const std::optional<Lineage> &lineage = std::nullopt);

/// mergeBundles, with the IR in the types that are written.
void writeMerge(const MergeConfig &config, const std::filesystem::path &output,
                const std::map<std::string, std::string> &notes = {});

/// Writes a bundle with the IR `mlir`, the weights `params` and the files that travel with `origin`.
void writeStudentBundle(const std::string &mlir, const ParamMap &params, const Bundle &origin,
                        const std::string &source, const std::filesystem::path &output,
                        const std::optional<Lineage> &lineage = std::nullopt);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_MODELS_H
