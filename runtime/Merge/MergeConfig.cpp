//===- MergeConfig.cpp - what to merge, in mergekit's linear form ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/MergeConfig.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Yaml.h"

#include <cmath>

namespace xlstm {

static std::optional<double> readWeight(const YamlNode &model) {
  std::optional<YamlNode> parameters = model.find("parameters");
  if (!parameters)
    return std::nullopt;
  parameters->onlyKeys({"weight"});
  std::optional<YamlNode> weight = parameters->find("weight");
  if (weight && !weight->isScalar())
    weight->fail("expected one number: weights by layer or filter are not supported");
  return weight ? std::optional(weight->asDouble()) : std::nullopt;
}

MergeConfig readMergeConfig(const std::filesystem::path &file) {
  YamlNode root = YamlNode::load(file);
  root.onlyKeys({"merge_method", "models", "parameters", "dtype"});
  if (YamlNode method = root.at("merge_method"); method.asString() != "linear")
    method.fail("expected linear, found " + method.asString());
  if (std::optional<YamlNode> type = root.find("dtype"); type && type->asString() != "float32")
    type->fail("expected float32 (sums are kept in it; tensors keep their stored types), found " + type->asString());

  MergeConfig config;
  if (std::optional<YamlNode> parameters = root.find("parameters")) {
    parameters->onlyKeys({"normalize"});
    parameters->read("normalize", config.normalize);
  }
  YamlNode models = root.at("models");
  size_t given = 0;
  for (const YamlNode &model : models.items()) {
    model.onlyKeys({"model", "parameters"});
    std::optional<double> weight = readWeight(model);
    given += weight.has_value();
    config.models.push_back({file.parent_path() / model.at("model").asString(), weight.value_or(1)});
  }
  if (config.models.empty())
    models.fail("expected at least one model");
  if (given != 0 && given != config.models.size())
    models.fail("expected a weight for every model or for none");
  if (given == 0)
    config.normalize = true;
  try {
    mergeWeights(config);
  } catch (const Error &error) {
    models.fail(error.what());
  }
  return config;
}

std::vector<double> mergeWeights(const MergeConfig &config) {
  if (config.models.empty())
    fail("expected at least one model to merge");
  double sum = 0;
  for (const MergeSource &source : config.models) {
    if (!(source.weight >= 0) || !std::isfinite(source.weight))
      fail("expected weights that are not negative, found ", source.weight);
    sum += source.weight;
  }
  if (config.normalize ? !(sum > 0) : std::abs(sum - 1) > 1e-6)
    fail("expected weights that sum to ", config.normalize ? "more than 0" : "1 (or parameters.normalize: true)",
         ", found ", sum);
  std::vector<double> weights;
  for (const MergeSource &source : config.models)
    weights.push_back(source.weight / sum);
  return weights;
}

} // namespace xlstm
