//===- Merge.cpp - stage III, linear merge of experts ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/Merge.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

namespace xlstm {

namespace fs = std::filesystem;

/// Throws Error unless all models hold the tensors of the first, of the same types and shapes.
static void checkSame(const std::vector<WeightFiles> &models) {
  const WeightFiles &first = models.front();
  for (const WeightFiles &other : models) {
    for (const auto &[name, stored] : first.tensors()) {
      const StoredTensor *found = other.find(name);
      if (!found || describe(found->spec) != describe(stored.spec))
        fail(other.folder().string(), ": tensor '", name, "': expected ", describe(stored.spec), " as in ",
             first.folder().string(), ", found ", found ? describe(found->spec) : "none");
    }
    for (const auto &[name, stored] : other.tensors())
      if (!first.find(name))
        fail(first.folder().string(), ": tensor '", name, "': expected ", describe(stored.spec), " as in ",
             other.folder().string(), ", found none");
  }
}

static at::Tensor mergeTensor(const std::vector<WeightFiles> &models, const std::vector<double> &weights,
                              const TensorSpec &spec) {
  if (!isFloat(spec.dtype))
    fail(models.front().folder().string(), ": tensor '", spec.name, "': expected a float type to merge, found ",
         describe(spec));
  at::Tensor sum = at::zeros(spec.shape, at::kFloat);
  for (size_t i = 0; i < models.size(); ++i)
    sum.add_(viewOf(models[i].get(spec.name)).to(at::kFloat), weights[i]);
  return sum.to(scalarType(spec.dtype));
}

void mergeWeightFiles(const MergeConfig &config, const fs::path &file) {
  std::vector<double> weights = mergeWeights(config);
  std::vector<WeightFiles> models;
  for (const MergeSource &source : config.models)
    models.push_back(WeightFiles::open(source.folder));
  checkSame(models);
  if (!config.allowNonFinite)
    for (const WeightFiles &model : models)
      checkFinite(model);

  std::vector<TensorSpec> specs;
  for (const auto &[name, stored] : models.front().tensors())
    specs.push_back(stored.spec);
  SafetensorsWriter writer(file, specs, {{"format", "pt"}});
  Progress progress("merge", int64_t(specs.size()));
  for (const TensorSpec &spec : specs) {
    at::Tensor merged = mergeTensor(models, weights, spec);
    if (!config.allowNonFinite) // finite ones may sum to what their type does not hold
      checkFinite(file.string(), spec, bytesOf(merged));
    writer.append(bytesOf(merged));
    progress.advance();
  }
  writer.commit();
}

/// The text of a bundle's tokenizer; empty where it has none.
static std::string tokenizerOf(const Bundle &bundle) {
  std::error_code error;
  return fs::exists(bundle.tokenizerFile(), error) ? readTextFile(bundle.tokenizerFile()) : "";
}

void mergeBundles(const MergeConfig &config, const fs::path &output) {
  mergeWeights(config); // refuse before any file is read
  std::vector<fs::path> inputs;
  for (const MergeSource &model : config.models)
    inputs.push_back(model.folder);
  if (!config.base.empty())
    inputs.push_back(config.base);
  checkBundleOutput(output, inputs);
  const Bundle first = Bundle::open(config.base.empty() ? config.models.front().folder : config.base);
  std::string module = readTextFile(first.modelFile());
  std::string source = "linear merge of";
  for (const MergeSource &model : config.models) {
    Bundle other = Bundle::open(model.folder);
    if (readTextFile(other.modelFile()) != module)
      fail(model.folder.string(), ": model.mlir differs from that of ", first.folder.string());
    if (config.needsOneTokenizer && tokenizerOf(other) != tokenizerOf(first))
      fail(model.folder.string(), ": tokenizer.json differs from that of ", first.folder.string(),
           ": tokenizer_source is followed where all models have one tokenizer");
    source += " " + model.folder.filename().string();
  }
  AtomicDirectory folder(output);
  writeTextFile(folder.path() / "model.mlir", module);
  carryModelFiles(first.folder, folder.path());
  mergeWeightFiles(config, folder.path() / "model.safetensors");
  writeBundleManifest(folder.path(), first.kind, source);
  folder.commit();
}

} // namespace xlstm
