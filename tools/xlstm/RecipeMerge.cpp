//===- RecipeMerge.cpp - how a recipe's experts become one ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RecipeFields.h"

#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cmath>

namespace xlstm {

static void readMergeWeights(const YamlNode &weights, Recipe &recipe) {
  if (weights.isScalar()) {
    oneOf(weights, {"uniform"});
    return;
  }
  double sum = 0;
  for (const auto &[name, weight] : weights.entries()) {
    std::vector<std::string> known;
    for (const RecipeExpert &expert : recipe.experts)
      known.push_back(expert.name);
    if (std::ranges::find(known, name) == known.end())
      weight.fail("expected a name under 'experts', found " + quote(name) + didYouMean(name, known));
    sum += recipe.merge.weights[name] = asNumber(weight, "weights");
  }
  if (recipe.merge.method == MergeMethod::Linear && std::abs(sum - 1) > 1e-6)
    weights.fail("expected weights that sum to 1, found a sum of " + shortest(sum));
}

/// `tune: loss`, or `{by: tasks, trials: 30}`.
static void readTune(const YamlNode &node, RecipeMerge &merge) {
  YamlNode by = node;
  if (!node.isScalar()) {
    node.onlyKeys({"by", "trials"});
    by = node.at("by");
    readCount(node, "trials", merge.trials);
  }
  merge.tune = oneOf(by, {"loss", "tasks"});
}

void readMerge(const YamlNode &node, Recipe &recipe) {
  node.onlyKeys({"method", "weights", "density", "lambda", "t", "normalize", "rescale", "tune", "dtype", "out_dtype"});
  RecipeMerge &merge = recipe.merge;
  if (auto method = node.find("method")) {
    std::vector<std::string> names;
    for (const auto &[name, known] : mergeMethodNames())
      names.push_back(name);
    merge.method = mergeMethodNames().at(oneOf(*method, names));
  }
  bool isSlerp = merge.method == MergeMethod::Slerp;
  if (size_t count = recipe.mergedExperts().size(); isSlerp && count != 2)
    node.fail("expected two experts for slerp, found " + std::to_string(count));
  if (auto weights = node.find("weights")) {
    if (isSlerp)
      weights->fail("expected 't' for slerp, which has no weights");
    readMergeWeights(*weights, recipe);
  }
  for (const char *key : {"density", "lambda", "t", "normalize", "rescale"})
    if (auto found = node.find(key)) {
      bool isSwitch = key == std::string("normalize") || key == std::string("rescale");
      bool isForMethod = isSlerp == (key == std::string("t")) && merge.method != MergeMethod::Linear;
      if (!isForMethod)
        found->fail("expected beside a method that it does something to");
      if (!isSwitch && found->isScalar())
        asNumber(*found, key);
      merge.parameters.emplace(key, readMergeSetting(*found, isSwitch));
    }
  if (isSlerp)
    merge.parameters.emplace("t", 0.5);
  if (auto type = node.find("dtype"))
    merge.type = readMergeType(*type);
  if (auto type = node.find("out_dtype"))
    merge.outType = readMergeType(*type);
  if (auto tune = node.find("tune"))
    readTune(*tune, merge);
}

} // namespace xlstm
