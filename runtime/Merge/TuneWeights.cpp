//===- TuneWeights.cpp - a search for a merge's lambda --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/TuneWeights.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

/// Numbers that are sums of steps come out the same by every way.
static double rounded(double value) { return std::round(value * 1e6) / 1e6; }

static std::string parameterOf(MergeMethod method) {
  return method == MergeMethod::Linear ? "weight" : method == MergeMethod::Slerp ? "t" : "lambda";
}

MergeConfig withValues(const MergeConfig &config, const std::string &parameter, const std::vector<double> &values) {
  MergeConfig result = config;
  if (parameter != "weight") {
    result.shared.insert(result.shared.begin(), MergeSettings{{parameter, values.at(0)}});
    return result;
  }
  result.models = mergedModels(config);
  for (size_t m = 0; m < result.models.size(); ++m)
    result.models[m].settings.insert_or_assign("weight", values.at(m));
  result.shared.insert(result.shared.begin(), MergeSettings{{"normalize", 1.0}});
  return result;
}

static std::vector<double> startOf(const MergeConfig &config, const std::string &parameter) {
  auto check = [&](const MergeSettings &settings) {
    auto found = settings.find(parameter);
    if (found != settings.end() && !found->second.isOneNumber())
      fail("expected one number as '", parameter, "' to tune it, found values by layers or filters");
  };
  for (const MergeSettings &scope : config.shared)
    check(scope);
  for (const MergeSource &model : config.models)
    check(model.settings);
  TensorParameters now = parametersOf(config, mergedModels(config), "", 0);
  if (parameter == "t")
    return {now.t};
  if (parameter == "lambda")
    return {now.lambda};
  double sum = 0;
  for (double weight : now.weights) {
    if (weight < 0)
      fail("expected weights of at least 0 to tune them, found ", weight);
    sum += weight;
  }
  if (!(sum > 0))
    fail("expected weights that sum to more than 0 to tune them, found ", sum);
  for (double &weight : now.weights)
    weight = rounded(weight / sum);
  return now.weights;
}

/// The points one step away: a number that goes up or down, or shares of which one gives to another.
static std::vector<std::vector<double>> neighbours(const std::vector<double> &values, const std::string &parameter,
                                                   double step) {
  std::vector<std::vector<double>> result;
  if (parameter != "weight") {
    double most = parameter == "t" ? 1 : 2;
    for (double other : {values[0] - step, values[0] + step})
      result.push_back({rounded(std::clamp(other, 0.0, most))});
    return result;
  }
  for (size_t from = 0; from < values.size(); ++from)
    for (size_t to = 0; to < values.size(); ++to) {
      double part = std::min(step, values[from]);
      if (from == to || part <= 0)
        continue;
      std::vector<double> other = values;
      other[from] = rounded(other[from] - part);
      other[to] = rounded(other[to] + part);
      result.push_back(other);
    }
  return result;
}

TuneCurve tuneMerge(const MergeConfig &config, int64_t trials, const std::function<double(const MergeConfig &)> &cost) {
  TuneCurve curve;
  curve.parameter = parameterOf(config.method);
  auto isTried = [&](const std::vector<double> &values) {
    return std::ranges::any_of(curve.points, [&](const TunePoint &point) { return point.values == values; });
  };
  auto attempt = [&](const std::vector<double> &values) {
    curve.points.push_back({values, cost(withValues(config, curve.parameter, values))});
    if (curve.points.back().cost < curve.points[curve.best].cost)
      curve.best = curve.points.size() - 1;
  };
  attempt(startOf(config, curve.parameter));
  for (double step : {0.2, 0.1, 0.05})
    for (size_t from = curve.points.size(); from != curve.best;) {
      from = curve.best;
      std::vector<double> center = curve.points[from].values;
      for (const std::vector<double> &values : neighbours(center, curve.parameter, step))
        if (int64_t(curve.points.size()) < trials && !isTried(values))
          attempt(values);
    }
  return curve;
}

} // namespace xlstm
