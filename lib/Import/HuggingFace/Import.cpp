//===- Import.cpp - from a Hugging Face folder to a bundle ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Import.h"

#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// The files as they are, or, where some tensors say nothing new, one file without these.
void carryWeights(const WeightFiles &weights, const std::vector<std::string> &redundant, const fs::path &to) {
  if (redundant.empty()) {
    std::set<fs::path> files;
    for (const auto &[name, tensor] : weights.tensors())
      files.insert(tensor.file->path());
    if (fs::path index = weights.folder() / "model.safetensors.index.json"; fs::exists(index) && files.size() > 1)
      files.insert(index);
    for (const fs::path &file : files) // by the kernel, which shares blocks where the file system can
      if (std::error_code error; !fs::copy_file(file, to / file.filename(), error))
        fail((to / file.filename()).string(), ": cannot write a copy of ", file.string(), ": ", error.message());
    return;
  }
  std::vector<TensorSpec> specs;
  for (const auto &[name, tensor] : weights.tensors())
    if (std::ranges::find(redundant, name) == redundant.end())
      specs.push_back(tensor.spec);
  SafetensorsWriter writer(to / "model.safetensors", specs, {{"format", "pt"}});
  for (const TensorSpec &spec : specs)
    writer.append(weights.get(spec.name).bytes);
  writer.commit();
}

/// The bundle replaces what is at `output`: nothing else than a bundle, and never what is being imported.
void checkOutput(const fs::path &folder, const fs::path &output) {
  checkBundleOutput(output);
  if (!fs::exists(output))
    return;
  fs::path input = fs::canonical(folder), target = fs::canonical(output);
  if (std::ranges::mismatch(target, input).in1 == target.end())
    fail(output.string(), ": the output would replace the input ", folder.string());
}

void importFolder(const fs::path &folder, const fs::path &output) {
  TeacherConfig config = readTeacherConfig(folder / "config.json");
  WeightFiles weights = WeightFiles::open(folder);
  std::vector<std::string> redundant = checkWeights(config, weights);
  checkOutput(folder, output);
  std::string module = printTeacherModule(config, weights);
  AtomicDirectory directory(output);
  writeTextFile(directory.path() / "model.mlir", module);
  carryWeights(weights, redundant, directory.path());
  carryModelFiles(folder, directory.path());
  writeBundleManifest(directory.path(), "teacher",
                      "Hugging Face folder of the " + std::string(config.family->modelType) + " family");
  directory.commit();
}

} // namespace

void importHuggingFace(const fs::path &folder, const fs::path &output) {
  try {
    importFolder(folder, output);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

} // namespace xlstm
