//===- Import.cpp - from a Hugging Face folder to a bundle ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Import.h"

#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "lib/Import/SentencePiece/Pieces.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/CopyFile.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Runtime/Text/Unsupported.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// The files as they are, or, where some tensors say nothing new, one file without these.
void carryWeights(const WeightFiles &weights, const std::vector<std::string> &redundant, WeightTransfer transfer,
                  const fs::path &to) {
  if (redundant.empty()) {
    std::set<fs::path> files;
    for (const auto &[name, tensor] : weights.tensors())
      files.insert(tensor.file->path());
    for (const fs::path &file : files)
      if (fs::path copy = to / file.filename(); transfer == WeightTransfer::Copy || !linkFile(file, copy))
        copyFile(file, copy);
    if (!files.contains(weights.folder() / "model.safetensors"))
      copyFile(weights.folder() / "model.safetensors.index.json", to / "model.safetensors.index.json");
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

/// The tokenizer.json that SentencePiece's tokenizer.model is, for a folder that has no other.
std::string convertModelFile(const fs::path &folder) {
  sentencepiece::Pieces pieces = sentencepiece::readModelFile(folder / "tokenizer.model");
  Json config;
  if (std::error_code error; fs::exists(folder / "tokenizer_config.json", error))
    config = readJsonFile(folder / "tokenizer_config.json");
  auto flag = [&](const char *key, bool absent) {
    auto found = config.is_object() ? config.find(key) : config.end();
    return found != config.end() && found->is_boolean() ? found->get<bool>() : absent;
  };
  // As transformers' LlamaTokenizer has it; its T5Tokenizer is for other models than ours.
  pieces.addBos = flag("add_bos_token", !pieces.isUnigram && pieces.bos);
  pieces.addEos = flag("add_eos_token", false);
  return sentencepiece::writeTokenizerJson(pieces, (folder / "tokenizer.model").string());
}

/// Reads the tokenizer as everything after will; one that is not supported is left to its warning, and the teacher is
/// imported for its weights. Returns the tokenizer.json that the folder lacks; empty: none.
std::string checkTokenizer(const fs::path &folder, std::vector<std::string> &warnings) {
  std::error_code error;
  fs::path file = folder / "tokenizer.json", model = folder / "tokenizer.model";
  bool isMade = !fs::exists(file, error);
  if (isMade && !fs::exists(model, error))
    return {};
  try {
    std::string text = isMade ? convertModelFile(folder) : readTextFile(file);
    Tokenizer::parse(text, isMade ? model.string() : file.string());
    return isMade ? text : "";
  } catch (const text::Unsupported &reason) {
    warnings.push_back(std::string(reason.what()) + "; the bundle works on token ids only");
    return {};
  }
}

std::vector<std::string> importFolder(const fs::path &folder, const fs::path &output, WeightTransfer transfer) {
  TeacherConfig config = readTeacherConfig(folder / "config.json");
  WeightFiles weights = WeightFiles::open(folder);
  std::vector<std::string> redundant = checkWeights(config, weights), warnings = config.warnings;
  std::string tokenizer = checkTokenizer(folder, warnings);
  checkOutput(folder, output);
  std::string module = printTeacherModule(config, weights);
  AtomicDirectory directory(output);
  writeTextFile(directory.path() / "model.mlir", module);
  carryWeights(weights, redundant, transfer, directory.path());
  carryModelFiles(folder, directory.path());
  if (!tokenizer.empty())
    writeTextFile(directory.path() / "tokenizer.json", tokenizer);
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
