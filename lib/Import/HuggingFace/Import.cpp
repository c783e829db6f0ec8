//===- Import.cpp - from a Hugging Face folder to a bundle ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Import.h"

#include "lib/Import/HuggingFace/Adapter.h"
#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "lib/Import/Tokenizer/CompleteTokenizer.h"
#include "xlstm/Runtime/Files/AdapterFolder.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/HubHint.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// The folder, which must hold a model and not what is to be added to one.
const fs::path &modelFolder(const fs::path &folder) {
  if (isAdapterAlone(folder))
    fail(folder.string(), ": ", describeAdapter(folder));
  return folder;
}

/// A folder's configuration and tensors in the family's form, an adapter applied, checked.
struct Checkpoint {
  explicit Checkpoint(const fs::path &folder, const fs::path &adapterFolder = {})
      : config(readTeacherConfig(modelFolder(folder) / "config.json")), weights(WeightFiles::open(folder)),
        isRenamed(fitCheckpoint(config, weights)) {
    if (!adapterFolder.empty())
      adapter.emplace(adapterFolder, config, weights);
    redundant = checkWeights(config, weights);
  }

  TeacherConfig config;
  WeightFiles weights;
  bool isRenamed;
  std::optional<Adapter> adapter;
  std::vector<std::string> redundant;
};

/// The files as they are, or, where tensors have other names or say nothing new, one file that has the rest.
void carryWeights(const Checkpoint &checkpoint, WeightTransfer transfer, const fs::path &to) {
  const WeightFiles &weights = checkpoint.weights;
  const std::vector<std::string> &redundant = checkpoint.redundant;
  if (redundant.empty() && !checkpoint.isRenamed && !checkpoint.adapter)
    return weights.copyTo(to, transfer == WeightTransfer::Link);
  std::vector<TensorSpec> specs;
  for (const auto &[name, tensor] : weights.tensors())
    if (std::ranges::find(redundant, name) == redundant.end())
      specs.push_back(tensor.spec);
  SafetensorsWriter writer(to / "model.safetensors", specs, {{"format", "pt"}});
  auto append = [&](std::span<const std::byte> bytes) { writer.append(bytes); };
  for (const TensorSpec &spec : specs)
    if (const StoredTensor &tensor = weights.get(spec.name); checkpoint.adapter)
      checkpoint.adapter->write(tensor, append);
    else
      append(tensor.bytes);
  writer.commit();
}

/// Where the tokenizer is: with the adapter, which may know more tokens, or with the model.
const fs::path &tokenizerFolder(const fs::path &folder, const fs::path &adapter) {
  std::error_code error;
  return !adapter.empty() && fs::exists(adapter / "tokenizer.json", error) ? adapter : folder;
}

std::vector<std::string> importFolder(const fs::path &folder, const fs::path &adapter, const fs::path &output,
                                      WeightTransfer transfer) {
  Checkpoint checkpoint(folder, adapter);
  std::vector<std::string> warnings = checkpoint.config.warnings;
  if (checkpoint.adapter)
    warnings.insert(warnings.end(), checkpoint.adapter->warnings().begin(), checkpoint.adapter->warnings().end());
  else if (isAdapter(folder))
    warnings.push_back(folder.string() + ": has an adapter beside the model, which is imported without it");
  const fs::path &from = tokenizerFolder(folder, adapter);
  CompleteTokenizer tokenizer = completeTokenizer(from, checkpoint.config.vocabSize);
  warnings.insert(warnings.end(), tokenizer.warnings.begin(), tokenizer.warnings.end());
  checkBundleOutput(output, adapter.empty() ? std::vector{folder} : std::vector{folder, adapter});
  std::string module = printTeacherModule(checkpoint.config, checkpoint.weights);
  AtomicDirectory directory(output);
  writeTextFile(directory.path() / "model.mlir", module);
  carryWeights(checkpoint, transfer, directory.path());
  carryModelFiles(folder, directory.path());
  if (from != folder) {
    carryModelFiles(from, directory.path());
    writeTextFile(directory.path() / "config.json", readTextFile(folder / "config.json"));
  }
  tokenizer.write(directory.path());
  writeBundleManifest(directory.path(), "teacher",
                      "Hugging Face folder of the " + std::string(checkpoint.config.family->modelType) + " family" +
                          (adapter.empty() ? "" : ", with a LoRA"));
  directory.commit();
  return warnings;
}

} // namespace

std::vector<std::string> importHuggingFace(const fs::path &folder, const fs::path &output, WeightTransfer transfer) {
  try {
    return importFolder(folder, {}, output, transfer);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

std::vector<std::string> importAdapter(const fs::path &adapter, const fs::path &base, const fs::path &output) {
  std::error_code error;
  if (!isAdapter(adapter))
    fail(adapter.string(), ": expected a LoRA adapter to merge into a base, found no adapter_config.json",
         fs::exists(adapter, error) ? "" : hubHint(adapter.string()));
  if (!fs::is_directory(base, error))
    fail(base.string(), ": expected the Hugging Face folder of the model that the adapter was trained on, found ",
         fs::exists(base, error) ? "a file" : "nothing" + hubHint(base.string()));
  try {
    return importFolder(base, adapter, output, WeightTransfer::Copy);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

std::string huggingFaceModule(const fs::path &folder) {
  Checkpoint checkpoint(folder);
  return printTeacherModule(checkpoint.config, checkpoint.weights);
}

} // namespace xlstm
