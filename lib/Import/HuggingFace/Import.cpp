//===- Import.cpp - from a Hugging Face folder to a bundle ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Import.h"

#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// The files as they are, or, where some tensors say nothing new, one file without these.
void carryWeights(const WeightFiles &weights, const std::vector<std::string> &redundant, WeightTransfer transfer,
                  const fs::path &to) {
  if (redundant.empty())
    return weights.copyTo(to, transfer == WeightTransfer::Link);
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

/// Reads tokenizer.json as everything after will. SentencePiece's BPE (Llama 2, first Mistral) is not read: such a
/// teacher is imported, with a warning, for its weights.
void checkTokenizer(const fs::path &file, std::vector<std::string> &warnings) {
  auto found = MappedFile::findInside(file.parent_path(), file.filename());
  if (!found)
    return;
  std::string text(found->text());
  try {
    Tokenizer::parse(text, file.string());
  } catch (const Error &reason) {
    Json root = parseJson(text, file.string());
    Json model = root.is_object() ? root.value("model", Json()) : Json();
    if (!model.is_object() || model.value("type", Json()) != "BPE" || model.value("byte_fallback", Json()) != true)
      throw;
    warnings.push_back(std::string(reason.what()) + "; the bundle works on token ids only");
  }
}

std::vector<std::string> importFolder(const fs::path &folder, const fs::path &output, WeightTransfer transfer) {
  TeacherConfig config = readTeacherConfig(folder / "config.json");
  WeightFiles weights = WeightFiles::open(folder);
  std::vector<std::string> redundant = checkWeights(config, weights), warnings = config.warnings;
  checkTokenizer(folder / "tokenizer.json", warnings);
  checkOutput(folder, output);
  std::string module = printTeacherModule(config, weights);
  AtomicDirectory directory(output);
  writeTextFile(directory.path() / "model.mlir", module);
  carryWeights(weights, redundant, transfer, directory.path());
  carryModelFiles(folder, directory.path());
  writeBundleManifest(directory.path(), "teacher",
                      "Hugging Face folder of the " + std::string(config.family->modelType) + " family");
  directory.commit();
  return warnings;
}

} // namespace

std::vector<std::string> importHuggingFace(const fs::path &folder, const fs::path &output, WeightTransfer transfer) {
  try {
    return importFolder(folder, output, transfer);
  } catch (const fs::filesystem_error &error) {
    fail(error.path1().string(), ": ", error.code().message());
  }
}

std::string huggingFaceModule(const fs::path &folder) {
  TeacherConfig config = readTeacherConfig(folder / "config.json");
  WeightFiles weights = WeightFiles::open(folder);
  checkWeights(config, weights);
  return printTeacherModule(config, weights);
}

} // namespace xlstm
