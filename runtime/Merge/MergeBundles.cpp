//===- MergeBundles.cpp - bundles become one bundle -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace xlstm {

namespace fs = std::filesystem;

/// The text of a bundle's tokenizer; empty where it has none.
static std::string tokenizerOf(const Bundle &bundle) {
  return bundle.hasTokenizer() ? readTextFile(bundle.tokenizerFile()) : "";
}

static std::string nameOf(MergeMethod method) {
  return std::ranges::find(mergeMethodNames(), method, [](auto &entry) { return entry.second; })->first;
}

namespace {

/// The bundles of a merge, whose weights are not looked at here.
struct Opened {
  Bundle first; // whose files the result has
  std::vector<Bundle> models;
};

} // namespace

/// Experts of other teachers, or that began at other weights, have nothing in common that a sum could keep.
static void checkLineage(const std::vector<Bundle> &models, const std::optional<Bundle> &base) {
  const Bundle *known = nullptr;
  for (const Bundle &model : models) {
    if (!model.lineage)
      continue;
    if (!known)
      known = &model;
    const Lineage &ours = *known->lineage, &other = *model.lineage;
    if (other.teacher != ours.teacher)
      fail(model.folder.string(), ": expected an expert of the teacher ", ours.teacher, " of ", known->folder.string(),
           ", found one of another teacher, ", other.teacher, " (lineage in bundle.json)");
    if (other.start != ours.start)
      fail(model.folder.string(), ": expected an expert that began at the weights ", ours.start, " (seed ", ours.seed,
           ") as ", known->folder.string(), " did, found one that began at others, ", other.start, " (seed ",
           other.seed, "; lineage in bundle.json)");
  }
  if (base && base->lineage && known && base->lineage->teacher != known->lineage->teacher)
    fail(base->folder.string(), ": expected a base of the teacher ", known->lineage->teacher, " of ",
         known->folder.string(), ", found one of another teacher, ", base->lineage->teacher,
         " (lineage in bundle.json)");
}

static Opened openBundles(const MergeConfig &config) {
  std::vector<Bundle> models;
  for (const MergeSource &model : mergedModels(config))
    models.push_back(Bundle::open(model.folder));
  std::optional<Bundle> base;
  if (!config.base.empty())
    base = Bundle::open(config.base);
  checkLineage(models, base);
  Opened opened{base ? std::move(*base) : models.front(), std::move(models)};
  std::string module = readTextFile(opened.first.modelFile());
  for (const Bundle &model : opened.models) {
    if (readTextFile(model.modelFile()) != module)
      fail(model.folder.string(), ": model.mlir differs from that of ", opened.first.folder.string());
    if (config.needsOneTokenizer && tokenizerOf(model) != tokenizerOf(opened.first))
      fail(model.folder.string(), ": tokenizer.json differs from that of ", opened.first.folder.string(),
           ": tokenizer_source is followed where all models have one tokenizer");
  }
  return opened;
}

void checkMergedBundles(const MergeConfig &config) { openBundles(config); }

/// How they were merged, by mergekit's words.
static std::map<std::string, std::string> describe(const MergeConfig &config) {
  std::map<std::string, std::string> words = {{"method", nameOf(config.method)}};
  for (auto [word, type] : {std::pair("dtype", config.type), {"out_dtype", config.outType}})
    if (type)
      words[word] = torchName(*type);
  return words;
}

/// That of the models, where all have one, with the data of all.
static std::optional<Lineage> lineageOf(const std::vector<Bundle> &models, const MergeConfig &config) {
  std::optional<Lineage> result;
  for (const Bundle &model : models) {
    if (!model.lineage)
      return std::nullopt;
    if (!result)
      result = model.lineage;
    result->data.insert(model.lineage->data.begin(), model.lineage->data.end());
  }
  result->stage = "merged";
  result->merge = describe(config);
  return result;
}

/// The IR of the result: that of the models, whose weights may get another type.
static std::string moduleOf(const Bundle &first, const MergeConfig &config, const StoreWeights &store) {
  std::string module = readTextFile(first.modelFile());
  std::optional<DType> written = config.writtenType();
  bool isStored = !written || std::ranges::all_of(first.weights.tensors(), [&](const auto &entry) {
    DType type = entry.second.spec.dtype;
    return !isFloat(type) || type == *written;
  });
  return isStored ? module : store(module, first.modelFile().string(), *written);
}

void mergeBundles(const MergeConfig &config, const fs::path &output, const StoreWeights &store,
                  const std::map<std::string, std::string> &notes) {
  std::vector<fs::path> inputs;
  for (const MergeSource &model : mergedModels(config)) // refuses before any file is read
    inputs.push_back(model.folder);
  if (!config.base.empty())
    inputs.push_back(config.base);
  checkBundleOutput(output, inputs);
  Opened opened = openBundles(config);
  std::string source = nameOf(config.method) + " merge of";
  for (const Bundle &model : opened.models)
    source += " " + model.folder.filename().string();
  for (auto [word, type] : {std::pair(", computed in ", config.type), {", written as ", config.outType}})
    if (type)
      source += word + std::string(torchName(*type));
  AtomicDirectory folder(output);
  writeTextFile(folder.path() / "model.mlir", moduleOf(opened.first, config, store));
  carryModelFiles(opened.first.folder, folder.path());
  mergeWeightFiles(config, folder.path() / "model.safetensors");
  for (const auto &[name, text] : notes)
    writeTextFile(folder.path() / name, text);
  writeBundleManifest(folder.path(), opened.first.kind, source, lineageOf(opened.models, config));
  folder.commit();
}

} // namespace xlstm
