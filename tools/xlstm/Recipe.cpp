//===- Recipe.cpp - what xlstm distill is told ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Recipe.h"

#include "xlstm/Pipelines/MixerOptions.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <cctype>

namespace fs = std::filesystem;

namespace xlstm {

/// A name that becomes part of a file's name.
static std::string checkedName(const std::string &name, const YamlNode &place) {
  bool fine = !name.empty() && std::all_of(name.begin(), name.end(),
                                           [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
  if (!fine)
    place.fail("expected a name of letters, digits, '-' and '_', found " + quote(name));
  return name;
}

static fs::path existing(const fs::path &folder, const YamlNode &node) {
  fs::path path = (folder / node.asString()).lexically_normal();
  if (std::error_code error; !fs::exists(path, error))
    node.fail("expected an existing file or folder, found nothing at " + path.string());
  return path;
}

static std::string oneOf(const YamlNode &node, const std::vector<std::string> &words) {
  std::string text = node.asString(), known;
  for (const std::string &word : words) {
    if (text == word)
      return text;
    known += (known.empty() ? "" : ", ") + word;
  }
  node.fail("expected one of " + known + ", found " + quote(text));
}

static const std::string biasSuffix = "_gate_bias";

static std::string readMixerOption(const MixerOption &option, const YamlNode &node) {
  if (option.kind == MixerOption::Kind::Choice)
    return oneOf(node, option.choices);
  if (option.kind == MixerOption::Kind::Number)
    return shortest(node.asDouble(/*least=*/-50));
  std::string text = std::to_string(node.asInt());
  if (std::string reason = mixerOptionError(option, text); !reason.empty())
    node.fail(reason);
  return text;
}

/// Reads the options that are called KEY + `suffix`: biases of gates stand in an object of their own. `keys` are what
/// else the node may have.
static void readMixerOptions(const YamlNode &node, const std::string &suffix, std::vector<std::string> keys,
                             StudentSettings &student) {
  std::vector<std::pair<std::string, const MixerOption *>> known;
  for (const MixerOption &option : mixerOptions())
    if (option.name.ends_with(biasSuffix) == !suffix.empty()) {
      known.emplace_back(option.name.substr(0, option.name.size() - suffix.size()), &option);
      keys.push_back(known.back().first);
    }
  node.onlyKeys(keys);
  for (const auto &[key, option] : known)
    if (auto value = node.find(key))
      student.options[option->flag()] = readMixerOption(*option, *value);
}

static StudentSettings readStudent(const YamlNode &node) {
  StudentSettings student;
  readMixerOptions(node, "", {"layers", "convert_sliding", "gate_bias"}, student);
  if (auto biases = node.find("gate_bias"))
    readMixerOptions(*biases, biasSuffix, {}, student);
  if (auto sliding = node.find("convert_sliding"))
    student.options["convert-sliding"] = sliding->asBool() ? "true" : "false";
  std::string layers;
  if (auto list = node.find("layers"))
    for (const YamlNode &layer : list->items())
      layers += (layers.empty() ? "" : ",") + std::to_string(layer.asInt());
  if (!layers.empty())
    student.options["layers"] = layers;
  return student;
}

/// `[math, code]`: in equal shares; `{math: 0.7, code: 0.3}`: in these.
static std::vector<std::pair<std::string, double>> readShares(const YamlNode &node, const Recipe &recipe) {
  std::vector<std::pair<std::string, double>> shares;
  auto add = [&](const std::string &name, double share, const YamlNode &place) {
    if (std::none_of(recipe.domains.begin(), recipe.domains.end(),
                     [&](const RecipeDomain &domain) { return domain.name == name; }))
      place.fail("expected a name under 'domains', found " + quote(name));
    shares.emplace_back(name, share);
  };
  if (node.isList())
    for (const YamlNode &name : node.items())
      add(name.asString(), 1, name);
  else
    for (const auto &[name, share] : node.entries())
      add(name, share.asDouble(), share);
  double sum = 0;
  for (const auto &[name, share] : shares)
    sum += share;
  if (sum <= 0)
    node.fail("expected domains with shares above 0, found none");
  for (auto &[name, share] : shares)
    share /= sum;
  return shares;
}

/// Reads the keys that both stages know over the values that `training` has.
static void readTraining(const YamlNode &node, const Recipe &recipe, RecipeTraining &training) {
  TrainOptions &options = training.options;
  node.read("steps", options.steps, 1);
  node.read("batch", options.batch, 1);
  node.read("micro_batch", options.microBatch);
  node.read("warmup", options.rate.warmup);
  node.read("learning_rate", options.rate.peak);
  node.read("final_learning_rate", options.rate.final);
  node.read("weight_decay", options.adamw.weightDecay);
  node.read("clip", options.clip);
  node.read("validate_every", options.validateEvery, 1);
  node.read("checkpoint_every", options.checkpointEvery, 1);
  node.read("rows", training.rows);
  node.read("held_out_rows", training.heldOutRows, 1);
  if (auto schedule = node.find("schedule"))
    options.rate.cosine = oneOf(*schedule, {"cosine", "constant"}) == "cosine";
  if (auto domains = node.find("domains"))
    training.domains = readShares(*domains, recipe);
}

#define XLSTM_TRAINING_KEYS                                                                                            \
  "steps", "batch", "micro_batch", "warmup", "learning_rate", "final_learning_rate", "schedule", "weight_decay",       \
      "clip", "validate_every", "checkpoint_every", "rows", "held_out_rows", "domains"

static void readDomains(const YamlNode &node, const fs::path &folder, Recipe &recipe) {
  for (const auto &[name, domain] : node.entries()) {
    domain.onlyKeys({"train", "valid"});
    recipe.domains.push_back(
        {checkedName(name, domain), existing(folder, domain.at("train")), existing(folder, domain.at("valid"))});
  }
  if (recipe.domains.empty())
    node.fail("expected at least one domain, found none");
}

static void readDistill(const YamlNode &node, Recipe &recipe, RecipeTraining &training) {
  node.onlyKeys({XLSTM_TRAINING_KEYS, "ce_weight", "kl_weight", "kl_mode", "top_k"});
  readTraining(node, recipe, training);
  double ce = 0.9, kl = 0.1;
  std::string mode = "renormalized";
  node.read("ce_weight", ce);
  node.read("kl_weight", kl);
  node.read("top_k", recipe.topK, 1);
  if (auto found = node.find("kl_mode"))
    mode = oneOf(*found, {"renormalized", "tail"});
  recipe.distillPass = "ce-weight=" + shortest(ce) + " kl-weight=" + shortest(kl) + " kl-mode=" + mode;
}

static void readExperts(const YamlNode &node, const RecipeTraining &defaults, Recipe &recipe) {
  for (const auto &[name, expert] : node.entries()) {
    RecipeExpert result{checkedName(name, expert), defaults};
    expert.onlyKeys({XLSTM_TRAINING_KEYS});
    readTraining(expert, recipe, result.training);
    if (result.training.domains.empty())
      expert.fail("expected 'domains', the domains that the expert is for");
    recipe.experts.push_back(result);
  }
  if (recipe.experts.empty())
    node.fail("expected at least one expert, found none");
}

static void readMerge(const YamlNode &node, Recipe &recipe) {
  node.onlyKeys({"weights"});
  YamlNode weights = node.at("weights");
  if (weights.isScalar()) {
    oneOf(weights, {"uniform"});
    return;
  }
  double sum = 0;
  for (const auto &[name, weight] : weights.entries()) {
    if (std::none_of(recipe.experts.begin(), recipe.experts.end(),
                     [&, wanted = name](const RecipeExpert &expert) { return expert.name == wanted; }))
      weight.fail("expected a name under 'experts', found " + quote(name));
    sum += recipe.mergeWeights[name] = weight.asDouble();
  }
  if (std::abs(sum - 1) > 1e-6)
    weights.fail("expected weights that sum to 1, found a sum of " + shortest(sum));
}

static void readEval(const YamlNode &node, const fs::path &folder, Recipe &recipe) {
  node.onlyKeys({"tokens", "items", "piece", "tasks"});
  node.read("tokens", recipe.eval.tokens);
  node.read("items", recipe.eval.items);
  node.read("piece", recipe.eval.pieceTokens, 2);
  if (auto tasks = node.find("tasks"))
    for (const YamlNode &task : tasks->items())
      recipe.eval.tasks.push_back(existing(folder, task));
}

static void readCompile(const YamlNode &node, Recipe &recipe) {
  node.onlyKeys({"cpu", "prefill_tokens"});
  node.read("cpu", recipe.cpu);
  node.read("prefill_tokens", recipe.prefillTokens, 1);
}

Recipe Recipe::read(const fs::path &file) {
  YamlNode root = YamlNode::load(file);
  root.onlyKeys({"teacher", "check", "seed", "length", "student", "domains", "align", "distill", "experts", "merge",
                 "eval", "compile"});
  fs::path folder = file.parent_path();
  Recipe recipe;
  recipe.text = readGivenFile(file);
  recipe.teacher = existing(folder, root.at("teacher"));
  if (auto check = root.find("check"))
    recipe.check = existing(folder, *check);
  root.read("length", recipe.length, 2);
  if (auto student = root.find("student"))
    recipe.student = readStudent(*student);
  readDomains(root.at("domains"), folder, recipe);

  int64_t seed = 0;
  root.read("seed", seed);
  YamlNode align = root.at("align"), distill = root.at("distill");
  recipe.align.options = TrainOptions::alignment(align.at("steps").asInt(1));
  recipe.align.options.seed = seed;
  for (const RecipeDomain &domain : recipe.domains)
    recipe.align.domains.emplace_back(domain.name, 1.0 / double(recipe.domains.size()));
  readTraining(align.onlyKeys({XLSTM_TRAINING_KEYS}), recipe, recipe.align);

  RecipeTraining defaults;
  defaults.options = TrainOptions::distillation(distill.at("steps").asInt(1));
  defaults.options.seed = seed;
  readDistill(distill, recipe, defaults);
  readExperts(root.at("experts"), defaults, recipe);
  if (auto merge = root.find("merge"))
    readMerge(*merge, recipe);
  if (auto eval = root.find("eval"))
    readEval(*eval, folder, recipe);
  for (const RecipeDomain &domain : recipe.domains)
    recipe.eval.domains.emplace_back(domain.name, domain.valid);
  if (auto compile = root.find("compile"))
    readCompile(*compile, recipe);
  for (const auto &[name, node] : root.entries())
    recipe.sections[name] = node.text();
  return recipe;
}

const RecipeDomain &Recipe::domain(const std::string &name) const {
  return *std::find_if(domains.begin(), domains.end(), [&](const RecipeDomain &domain) { return domain.name == name; });
}

} // namespace xlstm
