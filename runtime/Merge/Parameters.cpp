//===- Parameters.cpp - a merge's parameters for one tensor ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/MergeConfig.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace xlstm {

const std::map<std::string, MergeMethod> &mergeMethodNames() {
  static const std::map<std::string, MergeMethod> names = {
      {"linear", MergeMethod::Linear},      {"task_arithmetic", MergeMethod::TaskArithmetic},
      {"ties", MergeMethod::Ties},          {"dare_linear", MergeMethod::DareLinear},
      {"dare_ties", MergeMethod::DareTies}, {"slerp", MergeMethod::Slerp}};
  return names;
}

bool isOfTaskVectors(MergeMethod method) { return method != MergeMethod::Linear && method != MergeMethod::Slerp; }

std::optional<double> MergeSetting::at(const std::string &tensor, double depth, bool interpolate) const {
  for (const Choice &choice : choices) {
    if (!choice.filter.empty() && choice.filter != "*" && tensor.find(choice.filter) == tensor.npos)
      continue;
    double place = depth * double(choice.values.size() - 1);
    size_t low = size_t(place), high = std::min(low + 1, choice.values.size() - 1);
    double part = place - double(low);
    if (!interpolate || part == 0)
      return choice.values[low];
    return (1 - part) * choice.values[low] + part * choice.values[high];
  }
  return std::nullopt;
}

std::vector<MergeSource> mergedModels(const MergeConfig &config) {
  if (config.models.empty())
    fail("expected at least one model to merge");
  std::set<std::filesystem::path> seen;
  for (const MergeSource &source : config.models)
    if (!seen.insert(source.folder.lexically_normal()).second && config.method != MergeMethod::Linear)
      fail("expected different models, found ", quotePath(source.folder.string()), " twice");
  std::vector<MergeSource> models = config.models;
  if (config.method == MergeMethod::Linear) {
    // mergekit merges a base that is not among the models with them, where it has a weight.
    bool hasShared = std::ranges::any_of(config.shared, [](auto &scope) { return scope.contains("weight"); });
    if (!config.base.empty() && hasShared && !seen.contains(config.base.lexically_normal()))
      models.push_back({config.base, {}});
    return models;
  }
  if (config.base.empty())
    fail("expected a base_model: the method merges differences to it, or interpolates from it");
  std::erase_if(models, [&](auto &model) { return model.folder.lexically_normal() == config.base.lexically_normal(); });
  if (models.empty() || (config.method == MergeMethod::Slerp && models.size() != 1))
    fail("expected ", config.method == MergeMethod::Slerp ? "one model" : "models", " beside base_model, found ",
         models.size());
  return models;
}

namespace {

/// Looks a parameter up where mergekit does: the model's, then the shared ones.
class Lookup {
public:
  Lookup(const MergeConfig &config, const std::string &tensor, double depth)
      : config(config), tensor(tensor), depth(depth) {}

  std::optional<double> find(const std::string &name, const MergeSource *source, bool interpolate = true) const {
    if (source)
      if (auto value = in(source->settings, name, interpolate))
        return value;
    for (const MergeSettings &scope : config.shared)
      if (auto value = in(scope, name, interpolate))
        return value;
    return std::nullopt;
  }
  double get(const std::string &name, const MergeSource *source) const {
    if (auto value = find(name, source))
      return *value;
    fail(source ? source->folder.string() : "merge", ": expected a '", name, "' for tensor ", quote(tensor),
         ", found none");
  }
  bool isOn(const std::string &name, bool usual) const { return find(name, nullptr, false).value_or(usual) != 0; }

private:
  std::optional<double> in(const MergeSettings &scope, const std::string &name, bool interpolate) const {
    auto found = scope.find(name);
    return found == scope.end() ? std::nullopt : found->second.at(tensor, depth, interpolate);
  }
  const MergeConfig &config;
  const std::string &tensor;
  double depth;
};

} // namespace

static bool hasNoWeight(const MergeConfig &config) {
  auto has = [](const MergeSettings &settings) { return settings.contains("weight"); };
  return std::ranges::none_of(config.shared, has) &&
         std::ranges::none_of(config.models, [&](const MergeSource &model) { return has(model.settings); });
}

TensorParameters parametersOf(const MergeConfig &config, const std::vector<MergeSource> &models,
                              const std::string &tensor, double depth) {
  Lookup lookup(config, tensor, depth);
  TensorParameters result;
  if (config.method == MergeMethod::Slerp) {
    result.t = lookup.get("t", nullptr);
    return result;
  }
  bool isLinear = config.method == MergeMethod::Linear, isAlike = isLinear && hasNoWeight(config);
  bool isDare = config.method == MergeMethod::DareLinear || config.method == MergeMethod::DareTies;
  result.normalize = isAlike || lookup.isOn("normalize", isLinear || config.method == MergeMethod::Ties);
  result.rescale = lookup.isOn("rescale", isDare);
  result.lambda = isLinear ? 1 : lookup.find("lambda", nullptr).value_or(1);
  double sum = 0;
  for (const MergeSource &model : models) {
    result.weights.push_back(isAlike ? 1 : lookup.get("weight", &model));
    result.densities.push_back(lookup.find("density", &model).value_or(1));
    if (!std::isfinite(result.weights.back()))
      fail("expected weights that are finite, found ", result.weights.back());
    sum += result.weights.back();
  }
  if (isLinear && result.normalize && !(sum > 0))
    fail("expected weights that sum to more than 0, found ", sum, " for tensor ", quote(tensor));
  return result;
}

} // namespace xlstm
