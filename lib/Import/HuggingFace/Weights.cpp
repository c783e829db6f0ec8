//===- Weights.cpp - the tensors that a teacher must have -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Weights.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <set>

namespace xlstm {

bool hasTensor(const TeacherConfig &config, TensorRole tensor) {
  if (!config.family->find(tensor.role))
    return false;
  if (!tensor.isBias)
    return tensor.role != Role::Head || !config.tiedHead;
  const bool *hasBias = config.biases.find(tensor.role);
  return hasBias && *hasBias;
}

static int64_t sizeOf(const TeacherConfig &config, Extent extent) {
  switch (extent) {
  case Extent::None:
    return 1;
  case Extent::Vocabulary:
    return config.vocabSize;
  case Extent::Hidden:
    return config.hiddenSize;
  case Extent::Inner:
    return config.intermediateSize;
  case Extent::Queries:
    return config.numHeads * config.headDim;
  case Extent::Keys:
    return config.numKvHeads * config.headDim;
  case Extent::HeadChannels:
    return config.headDim;
  }
  return 0;
}

std::vector<int64_t> shapeOf(const TeacherConfig &config, TensorRole tensor) {
  const Part &part = *config.family->find(tensor.role);
  if (tensor.isBias || part.columns == Extent::None)
    return {sizeOf(config, part.rows)};
  return {sizeOf(config, part.rows), sizeOf(config, part.columns)};
}

std::vector<TensorSpec> expectedTensors(const TeacherConfig &config) {
  std::vector<TensorSpec> expected;
  for (const Part &part : config.family->parts)
    for (TensorRole tensor : {TensorRole{part.role}, TensorRole{part.role, true}})
      for (size_t layer = 0; layer < (part.isPerLayer() ? config.layers.size() : 1); ++layer)
        if (hasTensor(config, tensor))
          expected.push_back(
              {weightName(*config.family, tensor, static_cast<int64_t>(layer)), DType::F32, shapeOf(config, tensor)});
  return expected;
}

namespace {

std::string showShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void checkTensor(const TensorSpec &expected, const WeightFiles &weights, bool isHead) {
  const StoredTensor *found = weights.find(expected.name);
  if (!found && isHead)
    fail(weights.folder().string(), ": tensor '", expected.name, "' is missing, with shape ", showShape(expected.shape),
         ": a model without its head, which config.json does not tie to the embedding, predicts no tokens");
  if (!found)
    fail(weights.folder().string(), ": tensor '", expected.name, "' is missing; config.json asks for it, with shape ",
         showShape(expected.shape));
  bool readable =
      found->spec.dtype == DType::F32 || found->spec.dtype == DType::F16 || found->spec.dtype == DType::BF16;
  if (!readable || found->spec.shape != expected.shape)
    fail(found->file->path().string(), ": tensor '", expected.name, "': expected F32, F16 or BF16 ",
         showShape(expected.shape), " as config.json says, found ", describe(found->spec));
}

std::string headOf(const TeacherConfig &config) { return weightName(*config.family, {Role::Head}); }
std::string tableOf(const TeacherConfig &config) { return weightName(*config.family, {Role::Embedding}); }

/// The tensors that a model of this configuration may have.
std::set<std::string> knownNames(const TeacherConfig &config) {
  std::set<std::string> known{headOf(config)};
  for (const TensorSpec &expected : expectedTensors(config))
    known.insert(expected.name);
  return known;
}

std::string familyName(const std::set<std::string> &known, const std::string &name) {
  static constexpr std::string_view prefix = "model.";
  if (known.contains(name))
    return name;
  std::string longer = std::string(prefix) + name, shorter = name.substr(name.starts_with(prefix) ? prefix.size() : 0);
  bool isRotary = name.ends_with("rotary_emb.inv_freq") && !name.starts_with(prefix);
  return known.contains(longer) || isRotary ? longer : known.contains(shorter) ? shorter : name;
}

bool renameTensors(const TeacherConfig &config, WeightFiles &weights) {
  std::set<std::string> known = knownNames(config);
  std::vector<std::pair<std::string, std::string>> changes;
  for (const auto &[name, tensor] : weights.tensors())
    if (std::string family = familyName(known, name); family != name)
      changes.emplace_back(name, family);
  for (const auto &[name, family] : changes)
    weights.rename(name, family);
  return !changes.empty();
}

bool areEqual(const StoredTensor &a, const StoredTensor &b) {
  return describe(a.spec) == describe(b.spec) && std::ranges::equal(a.bytes, b.bytes);
}

/// Whether a tensor may be left unread: it repeats what config.json or another tensor says.
bool isRedundant(const TeacherConfig &config, const StoredTensor &tensor, const WeightFiles &weights) {
  const std::string &name = tensor.spec.name;
  if (name.starts_with("model.") && name.ends_with("rotary_emb.inv_freq"))
    return true;
  return config.tiedHead && name == headOf(config) && areEqual(tensor, weights.get(tableOf(config)));
}

} // namespace

std::string familyName(const TeacherConfig &config, const std::string &name) {
  return familyName(knownNames(config), name);
}

bool fitCheckpoint(TeacherConfig &config, WeightFiles &weights) {
  bool isRenamed = renameTensors(config, weights);
  const StoredTensor *head = config.tiedHead ? weights.find(headOf(config)) : nullptr;
  const StoredTensor *table = weights.find(tableOf(config));
  if (head && !table) {
    weights.rename(headOf(config), tableOf(config));
    return true;
  }
  if (head && !areEqual(*head, *table)) {
    config.tiedHead = false;
    config.warnings.push_back(weights.folder().string() + ": '" + headOf(config) + "' differs from '" +
                              tableOf(config) +
                              "', though config.json ties them; both are read, as transformers 5 does (4 reads the "
                              "embedding for both)");
  }
  return isRenamed;
}

std::vector<std::string> checkWeights(const TeacherConfig &config, const WeightFiles &weights) {
  std::set<std::string> wanted;
  for (const TensorSpec &expected : expectedTensors(config)) {
    checkTensor(expected, weights, expected.name == headOf(config));
    wanted.insert(expected.name);
  }
  std::vector<std::string> redundant;
  for (const auto &[name, tensor] : weights.tensors()) {
    if (wanted.contains(name))
      continue;
    if (!isRedundant(config, tensor, weights))
      fail(tensor.file->path().string(), ": tensor ", xlstm::quote(name), " is no part of this ",
           config.family->modelType, " model (", config.layers.size(), " layers); nothing would read it");
    redundant.push_back(name);
  }
  return redundant;
}

} // namespace xlstm
