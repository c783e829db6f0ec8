//===- MergeConfig.cpp - what to merge, in mergekit's linear form ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Merge/MergeConfig.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"
#include "xlstm/Support/Yaml.h"

#include <algorithm>
#include <cmath>

namespace xlstm {
namespace {

namespace fs = std::filesystem;

/// Parameters of mergekit's other methods, which people leave in their files.
const std::vector<std::string> idleParameters = {"density", "epsilon", "gamma",       "int8_mask",
                                                 "lambda",  "rescale", "select_topk", "t"};

class Reader {
public:
  explicit Reader(const fs::path &file) : folder(file.parent_path()), root(YamlNode::load(file)) {}
  MergeConfig read();

private:
  void readMethod();
  void readTypes();
  void readTokenizer();
  void readModels();
  std::optional<double> readWeight(const YamlNode &node, std::vector<std::string> keys);
  fs::path bundle(const YamlNode &node) const;
  void warn(const std::string &text) { config.warnings.push_back(text); }

  fs::path folder;
  YamlNode root;
  MergeConfig config;
};

fs::path Reader::bundle(const YamlNode &node) const {
  fs::path path = folder / node.asString();
  std::error_code error;
  if (!fs::exists(path, error) && node.asString().find('+') != std::string::npos)
    node.fail("expected a bundle, found " + quotePath(node.asString()) +
              "; an adapter is merged when its model is imported: xlstm import ADAPTER --base MODEL");
  return path;
}

void Reader::readMethod() {
  root.onlyKeys({"merge_method", "models", "parameters", "base_model", "dtype", "out_dtype", "tokenizer_source",
                 "tokenizer", "chat_template"});
  if (YamlNode method = root.at("merge_method"); method.asString() != "linear")
    method.fail("expected linear (mergekit's other methods are not computed), found " + quote(method.asString()));
  if (auto base = root.find("base_model"))
    config.base = bundle(*base);
  if (root.find("chat_template"))
    warn("'chat_template' is not followed: the result has that of " +
         std::string(config.base.empty() ? "the first model" : "base_model"));
}

/// Tensors keep their types, which the IR says too.
void Reader::readTypes() {
  for (const char *key : {"dtype", "out_dtype"}) {
    auto type = root.find(key);
    std::string name = type ? type->asString() : "float32";
    if (name != "float32" && name != "bfloat16" && name != "float16")
      type->fail("expected float32, bfloat16 or float16, found " + quote(name));
    if (name != "float32")
      warn("'" + std::string(key) + ": " + name +
           "' is not followed: sums are in float32, rounded once to the types in which the models store their tensors");
  }
}

/// Where all models have one tokenizer, base, union and that of a model are the same.
void Reader::readTokenizer() {
  auto source = root.find("tokenizer_source");
  if (auto tokenizer = root.find("tokenizer")) {
    tokenizer->onlyKeys({"source"});
    source = tokenizer->find("source");
  }
  if (!source)
    return;
  config.needsOneTokenizer = true;
  bool isNamed = source->isScalar() && (source->asString() == "base" || source->asString() == "union");
  if (isNamed)
    return;
  YamlNode model = source->isScalar() ? *source : source->onlyKeys({"type", "path"}).at("path");
  fs::path path = bundle(model);
  if (path != config.base &&
      std::ranges::none_of(config.models, [&](const MergeSource &other) { return other.folder == path; }))
    model.fail("expected base, union, or one of the models, found " + quote(model.asString()));
}

/// The weight that a map 'parameters' has beside other `keys`.
std::optional<double> Reader::readWeight(const YamlNode &node, std::vector<std::string> keys) {
  std::optional<YamlNode> parameters = node.find("parameters");
  if (!parameters)
    return std::nullopt;
  keys.push_back("weight");
  keys.insert(keys.end(), idleParameters.begin(), idleParameters.end());
  parameters->onlyKeys(keys);
  for (const std::string &key : idleParameters)
    if (parameters->find(key))
      warn("'" + key + "' does nothing to a linear merge");
  std::optional<YamlNode> weight = parameters->find("weight");
  if (weight && !weight->isScalar())
    weight->fail("expected one number: weights by layer or filter are not supported");
  constexpr double most = std::numeric_limits<double>::max();
  return weight ? std::optional(weight->asDouble(-most, most)) : std::nullopt;
}

void Reader::readModels() {
  std::optional<double> usual = readWeight(root, {"normalize"});
  if (auto parameters = root.find("parameters"))
    parameters->read("normalize", config.normalize);
  YamlNode models = root.at("models");
  size_t given = 0;
  for (const YamlNode &model : models.items()) {
    model.onlyKeys({"model", "parameters"});
    std::optional<double> own = readWeight(model, {}), weight = own ? own : usual;
    given += weight.has_value();
    config.models.push_back({bundle(model.at("model")), weight.value_or(1)});
  }
  if (config.models.empty())
    models.fail("expected at least one model");
  if (given != 0 && given != config.models.size())
    models.fail("expected a weight for every model or for none");
  config.normalize |= given == 0;
  try {
    mergeWeights(config);
  } catch (const Error &error) {
    models.fail(error.what());
  }
}

MergeConfig Reader::read() {
  readMethod();
  readTypes();
  readModels();
  readTokenizer();
  std::ranges::sort(config.warnings);
  auto repeated = std::ranges::unique(config.warnings);
  config.warnings.erase(repeated.begin(), repeated.end());
  return config;
}

} // namespace

MergeConfig readMergeConfig(const fs::path &file) {
  MergeConfig config = Reader(file).read();
  for (std::string &warning : config.warnings)
    warning = file.string() + ": " + warning;
  return config;
}

std::vector<double> mergeWeights(const MergeConfig &config) {
  if (config.models.empty())
    fail("expected at least one model to merge");
  double sum = 0;
  for (const MergeSource &source : config.models) {
    if (!std::isfinite(source.weight))
      fail("expected weights that are finite, found ", source.weight);
    sum += source.weight;
  }
  if (config.normalize && !(sum > 0))
    fail("expected weights that sum to more than 0, found ", sum);
  std::vector<double> weights;
  for (const MergeSource &source : config.models)
    weights.push_back(config.normalize ? source.weight / sum : source.weight);
  return weights;
}

} // namespace xlstm
