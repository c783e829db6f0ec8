//===- Export.cpp - from a bundle to a Hugging Face folder ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Export.h"

#include "dialects/XLSTM/XLSTMDialect.h"
#include "lib/Import/HuggingFace/ConfigWriter.h"
#include "lib/Import/HuggingFace/ModelBuilder.h"
#include "lib/Import/HuggingFace/RopeWriter.h"
#include "lib/Import/HuggingFace/Student/Code.h"
#include "lib/Import/HuggingFace/Student/Config.h"
#include "lib/Import/HuggingFace/TeacherReader.h"
#include "lib/Import/ModelFile.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cstdio>

using namespace mlir;
namespace fs = std::filesystem;

namespace xlstm {
namespace {

/// A module's text without what says nothing of the numbers.
std::string textOf(ModuleOp module) {
  for (auto model : module.getOps<lm::ModelOp>()) {
    model.removeFamilyAttr();
    model.removeContextLengthAttr();
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

/// Whether config.json, as it will be read, says what `config` does.
bool isSaid(const TeacherConfig &config, const Json &json) {
  try {
    TeacherConfig read = readTeacherConfig(json, "config.json");
    for (size_t i = 0; i < config.layers.size(); ++i)
      if (read.layers.at(i).window != config.layers[i].window ||
          ropeDifference(read.layers[i].rope, config.layers[i].rope, config.headDim) > 1e-6)
        return false;
    return read.biases == config.biases;
  } catch (const Error &) {
    return false;
  }
}

/// All families, that which the model names first.
std::vector<const Family *> candidatesFor(lm::ModelOp model) {
  std::vector<const Family *> candidates;
  for (const Family &family : families())
    candidates.push_back(&family);
  std::string named = model.getFamily().value_or("").str();
  std::ranges::stable_partition(candidates, [&](const Family *family) { return named == family->modelType; });
  return candidates;
}

/// config.json of the family whose class computes the bundle's module: that which builds the same ops; a student's is
/// of a class of ours.
Json configOf(const Bundle &bundle) {
  Json carried = findJsonFile(bundle.folder / "config.json");
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<lm::LMDialect, xlstm::XLSTMDialect>();
  OwningOpRef<ModuleOp> module = readModelFile(context, bundle.modelFile().string());
  auto model = module->lookupSymbol<lm::ModelOp>("model");
  if (bundle.kind == "student")
    return writeStudentConfig(model, bundle, carried);
  std::vector<std::optional<TeacherConfig>> configs;
  for (const Family *family : candidatesFor(model))
    configs.push_back(readTeacher(model, *family));
  std::string text = textOf(*module);
  auto hasTensor = [&](const TensorSpec &spec) { return bundle.weights.find(spec.name) != nullptr; };
  for (const std::optional<TeacherConfig> &config : configs) {
    if (!config || !std::ranges::all_of(expectedTensors(*config), hasTensor) ||
        textOf(*buildTeacherModule(context, *config, bundle.weights)) != text)
      continue;
    checkWeights(*config, bundle.weights);
    Json json = writeTeacherConfig(*config, torchDtype(bundle.weights), carried);
    if (isSaid(*config, json))
      return json;
  }
  fail(bundle.modelFile().string(), ": expected the ops of a family that transformers has (", familyNames(),
       "), found a module that differs from all of them");
}

/// The tensors of one file of the folder.
using Shard = std::vector<const StoredTensor *>;

std::vector<Shard> splitTensors(const WeightFiles &weights, uint64_t maxBytes) {
  std::vector<Shard> shards(1);
  uint64_t filled = 0;
  for (const auto &[name, tensor] : weights.tensors()) {
    if (filled && filled + tensor.bytes.size() > maxBytes) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&tensor);
    filled += tensor.bytes.size();
  }
  return shards;
}

void writeShard(const Shard &shard, const fs::path &path) {
  std::vector<TensorSpec> specs;
  for (const StoredTensor *tensor : shard)
    specs.push_back(tensor->spec);
  SafetensorsWriter writer(path, specs, {{"format", "pt"}});
  for (const StoredTensor *tensor : shard)
    writer.append(tensor->bytes);
  writer.commit();
}

void writeWeights(const WeightFiles &weights, uint64_t maxBytes, const fs::path &folder) {
  std::vector<Shard> shards = splitTensors(weights, maxBytes);
  if (shards.size() == 1)
    return writeShard(shards[0], folder / "model.safetensors");
  Json map = Json::object();
  uint64_t total = 0;
  for (size_t i = 0; i < shards.size(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    writeShard(shards[i], folder / name);
    for (const StoredTensor *tensor : shards[i]) {
      map[tensor->spec.name] = name;
      total += tensor->bytes.size();
    }
  }
  Json index{{"metadata", {{"total_size", total}}}, {"weight_map", map}};
  writeTextFile(folder / "model.safetensors.index.json", index.dump(2) + "\n");
}

void writeFolder(const Bundle &bundle, const fs::path &folder, const ExportOptions &options) {
  Json config = configOf(bundle);
  bool isStudent = bundle.kind == "student";
  writeTextFile(folder / "config.json", isStudent ? configText(config) : config.dump(2) + "\n");
  if (isStudent) {
    writeTextFile(folder / "configuration_xlstm_hybrid.py", configurationCode);
    writeTextFile(folder / "modeling_xlstm_hybrid.py", modelingCode);
    writeTextFile(folder / "README.md", writeModelCard(bundle, config));
  }
  writeWeights(bundle.weights, options.maxShardBytes, folder);
}

} // namespace

void exportHuggingFace(const fs::path &source, const fs::path &output, const ExportOptions &options) {
  writeExport(source, output, options,
              [&](const Bundle &bundle, const fs::path &folder) { writeFolder(bundle, folder, options); });
}

} // namespace xlstm
