//===- Merge.cpp - the tensors of a merge, one after the other ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/Merge.h"

#include "runtime/Merge/Combine.h"
#include "runtime/Merge/Sparsify.h"
#include "xlstm/Runtime/Files/Finite.h"
#include "xlstm/Runtime/Files/ForgetPages.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <charconv>

namespace xlstm {

namespace fs = std::filesystem;

/// Throws Error unless both hold the same tensors, of the same types and shapes.
static void checkSame(const WeightFiles &first, const WeightFiles &other) {
  for (const auto &[name, stored] : first.tensors()) {
    const StoredTensor *found = other.find(name);
    if (!found || describe(found->spec) != describe(stored.spec))
      fail(other.folder().string(), ": tensor ", quote(name), ": expected ", describe(stored.spec), " as in ",
           first.folder().string(), ", found ", found ? describe(found->spec) : "none");
  }
  for (const auto &[name, stored] : other.tensors())
    if (!first.find(name))
      fail(first.folder().string(), ": tensor ", quote(name), ": expected ", describe(stored.spec), " as in ",
           other.folder().string(), ", found none");
}

static void checkAllFinite(const WeightFiles &model) {
  for (const auto &[name, tensor] : model.tensors()) {
    checkFinite(tensor.file->path().string(), tensor.spec, tensor.bytes);
    forgetPages(tensor.bytes);
  }
}

/// The layer that a tensor's name says it is of ("model.layers.7.mlp..."): as mergekit's gradients count.
static std::optional<int64_t> layerOf(const std::string &tensor) {
  constexpr std::string_view word = "layers.";
  size_t at = tensor.find(word);
  int64_t layer = 0;
  if (at == tensor.npos ||
      std::from_chars(tensor.data() + at + word.size(), tensor.data() + tensor.size(), layer).ec != std::errc())
    return std::nullopt;
  return layer;
}

MergeInputs::MergeInputs(const MergeConfig &config) : sources(mergedModels(config)), written(config.writtenType()) {
  for (const MergeSource &source : sources)
    models.push_back(WeightFiles::open(source.folder));
  if (config.method != MergeMethod::Linear)
    base = WeightFiles::open(config.base);
  for (const WeightFiles &model : models)
    checkSame(models.front(), model);
  if (base)
    checkSame(models.front(), *base);
  for (const auto &[name, stored] : models.front().tensors())
    layers = std::max(layers, layerOf(name).value_or(-1) + 1);
  if (config.layers && config.layers != layers)
    fail(models.front().folder().string(), ": expected the ", config.layers, " layers of layer_range, found ", layers);
  if (config.allowNonFinite)
    return;
  for (const WeightFiles &model : models)
    checkAllFinite(model);
  if (base)
    checkAllFinite(*base);
}

static TensorSpec writtenSpec(TensorSpec stored, std::optional<DType> written) {
  if (written && isFloat(stored.dtype))
    stored.dtype = *written;
  return stored;
}

std::vector<TensorSpec> MergeInputs::specs() const {
  std::vector<TensorSpec> result;
  for (const auto &[name, stored] : models.front().tensors())
    result.push_back(writtenSpec(stored.spec, written));
  return result;
}

/// Tensors that are no floats, such as masks, have to be the same everywhere.
static std::span<const std::byte> sameBytes(const TensorMerge &merge, const std::string &origin) {
  const StoredTensor &first = *merge.models.front();
  for (const StoredTensor *other : merge.models)
    if (!std::ranges::equal(first.bytes, other->bytes))
      fail(origin, ": tensor ", quote(first.spec.name),
           ": expected a float type to merge, or the same values in all models, found ", describe(first.spec));
  return first.bytes;
}

void MergeInputs::merge(const MergeConfig &config, const Take &take) const {
  std::vector<std::pair<TensorSpec, TensorMerge>> merges;
  std::vector<MergeSource> said = mergedModels(config);
  for (const auto &[name, stored] : models.front().tensors()) {
    std::optional<int64_t> layer = layerOf(name);
    double depth = !layer ? 0 : layers == 1 ? 1 : double(*layer) / double(layers - 1);
    TensorSpec spec = writtenSpec(stored.spec, written);
    TensorMerge merge{config.method, parametersOf(config, said, name, depth), {}, nullptr, {}, config.type, spec.dtype};
    for (size_t m = 0; m < models.size(); ++m) {
      merge.models.push_back(&models[m].get(name));
      merge.keys.push_back(maskKey(config.seed, m, name));
    }
    if (base)
      merge.base = &base->get(name);
    merges.emplace_back(std::move(spec), std::move(merge));
  }
  Progress progress("merge", int64_t(merges.size()));
  for (const auto &[spec, merge] : merges) {
    if (isFloat(spec.dtype))
      take(spec, combine(merge));
    else
      take(spec, sameBytes(merge, models.front().folder().string()));
    progress.advance();
  }
}

void mergeWeightFiles(const MergeConfig &config, const fs::path &file) {
  MergeInputs inputs(config);
  SafetensorsWriter writer(file, inputs.specs(), {{"format", "pt"}});
  inputs.merge(config, [&](const TensorSpec &spec, std::span<const std::byte> bytes) {
    if (!config.allowNonFinite) // finite ones may sum to what their type does not hold
      checkFinite(file.string(), spec, bytes);
    writer.append(bytes);
  });
  writer.commit();
}

} // namespace xlstm
