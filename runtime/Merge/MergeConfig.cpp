//===- MergeConfig.cpp - what to merge, in mergekit's form ---------===//
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

/// mergekit's parameters, and the methods to which each does something.
struct Parameter {
  bool isSwitch, isOfModel;
  std::vector<MergeMethod> methods;
};

const std::map<std::string, Parameter> &knownParameters() {
  using enum MergeMethod;
  static const std::vector<MergeMethod> vectors{TaskArithmetic, Ties, DareLinear, DareTies};
  static const std::map<std::string, Parameter> known = {
      {"weight", {false, true, {Linear, TaskArithmetic, Ties, DareLinear, DareTies}}},
      {"density", {false, true, {Ties, DareLinear, DareTies}}},
      {"normalize", {true, false, {Linear, TaskArithmetic, Ties, DareLinear, DareTies}}},
      {"rescale", {true, false, {Ties, DareLinear, DareTies}}},
      {"lambda", {false, false, vectors}},
      {"t", {false, false, {Slerp}}},
      {"int8_mask", {true, false, vectors}}, // the type of a mask in memory: ours has none
      {"epsilon", {false, true, {}}},
      {"gamma", {false, true, {}}},
      {"select_topk", {false, false, {}}}};
  return known;
}

class Reader {
public:
  explicit Reader(const fs::path &file) : folder(file.parent_path()), root(YamlNode::load(file)) {}
  MergeConfig read();

private:
  void readMethod();
  void readTypes();
  void readTokenizer();
  void readModels();
  void readSlices(const YamlNode &slices);
  void checkModels();
  MergeSettings readSettings(const YamlNode &node, bool isModel);
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
  root.onlyKeys({"merge_method", "models", "slices", "parameters", "base_model", "dtype", "out_dtype",
                 "tokenizer_source", "tokenizer", "chat_template"});
  YamlNode method = root.at("merge_method");
  auto found = mergeMethodNames().find(method.asString());
  if (found == mergeMethodNames().end()) {
    std::string names;
    for (const auto &[name, known] : mergeMethodNames())
      names += (names.empty() ? "" : ", ") + name;
    method.fail("expected " + names + " (mergekit's other methods are not computed), found " +
                quote(method.asString()));
  }
  config.method = found->second;
  if (auto base = root.find("base_model"))
    config.base = bundle(*base);
  if (root.find("chat_template"))
    warn("'chat_template' is not followed: the result has that of " +
         std::string(config.base.empty() ? "the first model" : "base_model"));
}

void Reader::readTypes() {
  if (auto type = root.find("dtype"))
    config.type = readMergeType(*type);
  if (auto type = root.find("out_dtype"))
    config.outType = readMergeType(*type);
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

/// What a map 'parameters' says; `isModel`: of one model.
MergeSettings Reader::readSettings(const YamlNode &node, bool isModel) {
  MergeSettings settings;
  std::optional<YamlNode> parameters = node.find("parameters");
  if (!parameters)
    return settings;
  std::vector<std::string> keys;
  for (const auto &[name, known] : knownParameters())
    if (!isModel || known.isOfModel || std::ranges::find(known.methods, config.method) == known.methods.end())
      keys.push_back(name);
  parameters->onlyKeys(keys);
  for (const auto &[name, value] : parameters->entries()) {
    const Parameter &known = knownParameters().at(name);
    if (std::ranges::find(known.methods, config.method) == known.methods.end())
      warn("'" + name + "' does nothing to a merge by " + root.at("merge_method").asString());
    else
      settings.emplace(name, readMergeSetting(value, known.isSwitch));
  }
  return settings;
}

/// One slice of whole models is what `models` says; others would make another model.
void Reader::readSlices(const YamlNode &slices) {
  std::vector<YamlNode> items = slices.items();
  if (items.size() != 1)
    slices.fail("expected one slice, for the result has the layers of its models, found " +
                std::to_string(items.size()));
  items[0].onlyKeys({"sources", "parameters"});
  for (const YamlNode &source : items[0].at("sources").items()) {
    source.onlyKeys({"model", "layer_range", "parameters"});
    YamlNode range = source.at("layer_range");
    std::vector<YamlNode> ends = range.items();
    if (ends.size() != 2 || ends[0].asInt() != 0 || (config.layers && ends[1].asInt(1) != config.layers))
      range.fail("expected all layers from 0 on, the same of every model");
    config.layers = ends[1].asInt(1);
    config.models.push_back({bundle(source.at("model")), readSettings(source, true)});
  }
  config.shared.push_back(readSettings(items[0], false));
}

void Reader::readModels() {
  auto models = root.find("models"), slices = root.find("slices");
  if (slices && models)
    slices->fail("expected 'models' or 'slices', found both");
  if (slices)
    readSlices(*slices);
  else
    for (const YamlNode &model : root.at("models").items()) {
      model.onlyKeys({"model", "parameters"});
      config.models.push_back({bundle(model.at("model")), readSettings(model, true)});
    }
  config.shared.push_back(readSettings(root, false));
  checkModels();
}

/// What can be told before the models' tensors are known.
void Reader::checkModels() {
  YamlNode place = root.find("models") ? root.at("models") : root.at("slices");
  if (config.models.empty())
    place.fail("expected at least one model");
  auto isGiven = [&](const std::string &name, const MergeSource *model) {
    return (model && model->settings.contains(name)) ||
           std::ranges::any_of(config.shared, [&](auto &scope) { return scope.contains(name); });
  };
  std::vector<MergeSource> merged;
  try {
    merged = mergedModels(config);
  } catch (const Error &error) {
    place.fail(error.what());
  }
  if (config.method == MergeMethod::Slerp && !isGiven("t", nullptr))
    root.at("merge_method").fail("expected 't' under 'parameters', found none");
  auto given = std::ranges::count_if(merged, [&](const MergeSource &model) { return isGiven("weight", &model); });
  if (config.method == MergeMethod::Linear && given != 0 && given != int64_t(merged.size()))
    place.fail("expected a weight for every model or for none");
  if (isOfTaskVectors(config.method) && given != int64_t(merged.size()))
    place.fail("expected a weight for every model but the base");
  if (config.method == MergeMethod::Linear)
    try {
      if (std::ranges::all_of(merged, [](const MergeSource &model) {
            auto weight = model.settings.find("weight");
            return weight != model.settings.end() && weight->second.isOneNumber();
          }))
        parametersOf(config, merged, "", 0);
    } catch (const Error &error) {
      place.fail(error.what());
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

static double readValue(const YamlNode &node, bool isSwitch) {
  constexpr double most = std::numeric_limits<double>::max();
  return isSwitch ? double(node.asBool()) : node.asDouble(-most, most);
}

static std::vector<double> readGradient(const YamlNode &node, bool isSwitch) {
  if (node.isScalar())
    return {readValue(node, isSwitch)};
  std::vector<double> values;
  for (const YamlNode &value : node.items())
    values.push_back(readValue(value, isSwitch));
  if (values.empty())
    node.fail("expected a value or some of them from the first layer to the last, found an empty list");
  return values;
}

MergeSetting readMergeSetting(const YamlNode &node, bool isSwitch) {
  auto readChoice = [&](const YamlNode &item) {
    item.onlyKeys({"filter", "value"});
    auto filter = item.find("filter");
    return MergeSetting::Choice{filter ? filter->asString() : "", readGradient(item.at("value"), isSwitch)};
  };
  if (!node.isScalar() && !node.isList())
    return MergeSetting({readChoice(node)});
  bool isPlain = node.isScalar() || node.items().empty() || node.items()[0].isScalar();
  if (isPlain)
    return MergeSetting({MergeSetting::Choice{"", readGradient(node, isSwitch)}});
  std::vector<MergeSetting::Choice> choices;
  for (const YamlNode &item : node.items())
    choices.push_back(readChoice(item));
  return MergeSetting(std::move(choices));
}

DType readMergeType(const YamlNode &node) {
  std::optional<DType> type = parseTorchName(node.asString());
  if (!type || type == DType::F64)
    node.fail("expected float32, bfloat16 or float16, found " + quote(node.asString()));
  return *type;
}

MergeConfig readMergeConfig(const fs::path &file) {
  MergeConfig config = Reader(file).read();
  for (std::string &warning : config.warnings)
    warning = file.string() + ": " + warning;
  return config;
}

} // namespace xlstm
