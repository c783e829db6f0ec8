//===- Weights.cpp - the tensors that a teacher must have -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Weights.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <set>

namespace xlstm {

bool hasRole(const TeacherConfig &config, Role role) {
  if (weightName(*config.family, role).empty())
    return false;
  switch (role) {
  case Role::Head:
    return !config.tiedHead;
  case Role::QueryBias:
  case Role::KeyBias:
  case Role::ValueBias:
    return config.qkvBias;
  case Role::OutputBias:
    return config.outputBias;
  case Role::GateBias:
  case Role::UpBias:
  case Role::DownBias:
    return config.mlpBias;
  default:
    return true;
  }
}

std::vector<int64_t> shapeOf(const TeacherConfig &config, Role role) {
  int64_t hidden = config.hiddenSize, inner = config.intermediateSize;
  int64_t queries = config.numHeads * config.headDim, keys = config.numKvHeads * config.headDim;
  bool perHead = config.family->qkNorm == QkNorm::PerHead;
  switch (role) {
  case Role::Embedding:
  case Role::Head:
    return {config.vocabSize, hidden};
  case Role::Query:
    return {queries, hidden};
  case Role::Key:
  case Role::Value:
    return {keys, hidden};
  case Role::Output:
    return {hidden, queries};
  case Role::QueryBias:
    return {queries};
  case Role::KeyBias:
  case Role::ValueBias:
    return {keys};
  case Role::QueryNorm:
    return {perHead ? config.headDim : queries};
  case Role::KeyNorm:
    return {perHead ? config.headDim : keys};
  case Role::Gate:
  case Role::Up:
    return {inner, hidden};
  case Role::Down:
    return {hidden, inner};
  case Role::GateBias:
  case Role::UpBias:
    return {inner};
  case Role::FinalNorm:
  case Role::AttentionInputNorm:
  case Role::AttentionOutputNorm:
  case Role::MlpInputNorm:
  case Role::MlpOutputNorm:
  case Role::OutputBias:
  case Role::DownBias:
    return {hidden};
  }
  return {};
}

std::vector<TensorSpec> expectedTensors(const TeacherConfig &config) {
  std::vector<TensorSpec> expected;
  auto add = [&](bool perLayer, int64_t layer) {
    for (const WeightName &weight : config.family->weights)
      if (weight.isPerLayer() == perLayer && hasRole(config, weight.role))
        expected.push_back({weightName(*config.family, weight.role, layer), DType::F32, shapeOf(config, weight.role)});
  };
  add(false, 0);
  for (size_t layer = 0; layer < config.layers.size(); ++layer)
    add(true, static_cast<int64_t>(layer));
  return expected;
}

namespace {

std::string showShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void checkTensor(const TensorSpec &expected, const WeightFiles &weights) {
  const StoredTensor *found = weights.find(expected.name);
  if (!found)
    fail(weights.folder().string(), ": tensor '", expected.name, "' is missing; config.json asks for it, with shape ",
         showShape(expected.shape));
  bool readable =
      found->spec.dtype == DType::F32 || found->spec.dtype == DType::F16 || found->spec.dtype == DType::BF16;
  if (!readable || found->spec.shape != expected.shape)
    fail(found->file->path().string(), ": tensor '", expected.name, "': expected F32, F16 or BF16 ",
         showShape(expected.shape), " as config.json says, found ", describe(found->spec));
}

/// Whether a tensor may be left unread: it repeats what config.json or another tensor says.
bool isRedundant(const TeacherConfig &config, const StoredTensor &tensor, const WeightFiles &weights) {
  const std::string &name = tensor.spec.name;
  if (name.starts_with("model.") && name.ends_with("rotary_emb.inv_freq"))
    return true;
  if (!config.tiedHead || name != weightName(*config.family, Role::Head))
    return false;
  const StoredTensor &table = weights.get(weightName(*config.family, Role::Embedding));
  if (table.spec.dtype == tensor.spec.dtype && std::ranges::equal(table.bytes, tensor.bytes))
    return true;
  fail(tensor.file->path().string(), ": tensor '", name, "': expected the same values as '", table.spec.name,
       "', for config.json ties them");
}

} // namespace

std::vector<std::string> checkWeights(const TeacherConfig &config, const WeightFiles &weights) {
  std::set<std::string> wanted;
  for (const TensorSpec &expected : expectedTensors(config)) {
    checkTensor(expected, weights);
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
