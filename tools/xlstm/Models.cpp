//===- Models.cpp - bundles opened for running ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Models.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Merge/Merge.h"

namespace fs = std::filesystem;

namespace xlstm {

/// What is run has its mixers and its losses fused; what is written keeps the composition.
static const std::string Fuse = "xlstm-fuse-hybrid,xlstm-fuse-losses";

RunnableModel RunnableModel::open(const fs::path &folder, const std::string &device) {
  Bundle bundle = Bundle::open(folder);
  std::string mlir = readTextFile(bundle.modelFile());
  Program forward = Program::parse(rewriteModule(mlir, bundle.modelFile(), Fuse), bundle.modelFile());
  ParamMap params = loadParams(forward.function("model"), bundle.weights, at::kFloat, /*all=*/true, openDevice(device));
  return {std::move(bundle), std::move(mlir), std::move(forward), std::move(params)};
}

Program deriveProgram(const std::string &mlir, const std::string &origin, const std::string &pipeline,
                      const std::string &then) {
  std::string passes = pipeline + ',' + Fuse + (then.empty() ? "" : ',' + then);
  return Program::parse(rewriteModule(mlir, origin, passes), origin);
}

Program RunnableModel::derive(const std::string &pipeline, const std::string &then) const {
  return deriveProgram(mlir, bundle.modelFile(), pipeline, then);
}

void writeStudentBundle(const std::string &mlir, const ParamMap &params, const Bundle &origin,
                        const std::string &source, const fs::path &output, const std::optional<Lineage> &lineage) {
  checkBundleOutput(output, {origin.folder});
  AtomicDirectory folder(output);
  carryModelFiles(origin.folder, folder.path());
  writeTextFile(folder.path() / "model.mlir", mlir);
  Program student = Program::parse(mlir, (output / "model.mlir").string());
  saveParams(folder.path() / "model.safetensors", student.function("model").params, params);
  writeBundleManifest(folder.path(), "student", source, lineage);
  folder.commit();
}

void writeMerge(const MergeConfig &config, const fs::path &output, const std::map<std::string, std::string> &notes) {
  auto store = [](const std::string &module, const std::string &origin, DType type) {
    std::string name = type == DType::F32 ? "f32" : type == DType::F16 ? "f16" : "bf16";
    return rewriteModule(module, origin, "xlstm-store-weights{type=" + name + "}");
  };
  mergeBundles(config, output, store, notes);
}

void writeStudent(const RunnableModel &teacher, const StudentSettings &settings, const ParamMap &trained,
                  const fs::path &output, const std::optional<Lineage> &lineage) {
  std::string mlir =
      rewriteModule(teacher.mlir, teacher.bundle.modelFile(), "xlstm-linearize{" + settings.passOptions() + "}");
  Program student = Program::parse(mlir, (output / "model.mlir").string());
  ParamMap params = initialParams(student.function("model"));
  for (const ParamMap &source : {teacher.params, trained})
    for (const auto &[name, value] : source)
      params[name] = value;
  writeStudentBundle(mlir, params, teacher.bundle,
                     "linearized, " + (settings.options.empty() ? "with the defaults" : settings.passOptions()), output,
                     lineage ? *lineage : Lineage{hashOfTensors(teacher.bundle.weights), "", "linearized", 0, {}});
}

} // namespace xlstm
