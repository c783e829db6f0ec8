//===- Recipe.cpp - what xlstm distill is told ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Recipe.h"

#include "Ranges.h"
#include "RecipeFields.h"

#include "xlstm/Pipelines/MixerOptions.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {

std::string oneOf(const YamlNode &node, const std::vector<std::string> &words) {
  std::string text = node.asString(), known;
  for (const std::string &word : words) {
    if (text == word)
      return text;
    known += (known.empty() ? "" : ", ") + word;
  }
  node.fail("expected one of " + known + ", found " + quote(text) + didYouMean(text, words));
}

int64_t asCount(const YamlNode &node, std::string_view key) {
  return node.asInt(int64_t(rangeOf(key).least), int64_t(rangeOf(key).most));
}
double asNumber(const YamlNode &node, std::string_view key) {
  return node.asDouble(rangeOf(key).least, rangeOf(key).most);
}

void readCount(const YamlNode &node, const std::string &key, int64_t &value) {
  if (auto found = node.find(key))
    value = asCount(*found, key);
}
void readNumber(const YamlNode &node, const std::string &key, double &value) {
  if (auto found = node.find(key))
    value = asNumber(*found, key);
}

static const std::string biasSuffix = "_gate_bias";

static std::string readMixerOption(const MixerOption &option, const YamlNode &node) {
  if (option.kind == MixerOption::Kind::Choice)
    return oneOf(node, option.choices);
  if (option.kind == MixerOption::Kind::Number)
    return shortest(asNumber(node, "gate_bias"));
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
  readMixerOptions(node, "", {"layers", "convert_sliding", "gate_bias", "keep_heads"}, student);
  if (auto biases = node.find("gate_bias"))
    readMixerOptions(*biases, biasSuffix, {}, student);
  if (auto sliding = node.find("convert_sliding"))
    student.options["convert-sliding"] = sliding->asBool() ? "true" : "false";
  std::string layers;
  if (auto list = node.find("layers"))
    for (const YamlNode &layer : list->items())
      layers += (layers.empty() ? "" : ",") + std::to_string(asCount(layer, "layers"));
  if (!layers.empty())
    student.options["layers"] = layers;
  return student;
}

/// `5:2,3;7:0` or `none`: these heads; a map, or a budget alone such as `3%`: what the run chooses them by.
static void readKeepHeads(const YamlNode &node, Recipe &recipe) {
  std::string text = node.isScalar() ? node.asString() : "";
  if (text == "none" || text.find(':') != text.npos) {
    recipe.student.options["keep-heads"] = text;
    return;
  }
  HeadInputs &heads = recipe.heads.emplace();
  for (auto [option, value] : {std::pair("window", &heads.window), {"sinks", &heads.sinks}})
    if (auto found = recipe.student.options.find(option); found != recipe.student.options.end())
      *value = std::stoll(found->second);
  for (const char *option : {"layers", "convert-sliding"})
    if (auto found = recipe.student.options.find(option); found != recipe.student.options.end())
      heads.layerOptions += std::string(" ") + option + "=" + found->second;
  YamlNode budget = node;
  if (!node.isScalar()) {
    node.onlyKeys({"budget", "by", "method", "tokens", "probes", "length", "candidates"});
    budget = node.at("budget");
    if (auto by = node.find("by"))
      heads.settings.by = rankByNames().at(oneOf(*by, {"loss", "recall", "both"}));
    if (auto method = node.find("method"))
      heads.settings.method = rankMethodNames().at(oneOf(*method, {"greedy", "gradient"}));
    node.read("tokens", heads.tokens, 1);
    node.read("probes", heads.probes, 1);
    node.read("length", heads.length, 2);
    node.read("candidates", heads.settings.candidates, 0);
  }
  heads.budget = budget.asString();
  try {
    HeadBudget::parse(heads.budget);
  } catch (const Error &error) {
    budget.fail(error.what());
  }
}

static void readEval(const YamlNode &node, const fs::path &folder, Recipe &recipe) {
  node.onlyKeys({"tokens", "items", "piece", "tasks", "count_text", "speed"});
  node.read("count_text", recipe.eval.countText);
  readCount(node, "tokens", recipe.eval.tokens);
  readCount(node, "items", recipe.eval.items);
  readCount(node, "piece", recipe.eval.pieceTokens);
  if (auto lengths = node.find("speed"))
    for (const YamlNode &length : lengths->items())
      recipe.speedLengths.push_back(asCount(length, "speed"));
  if (auto tasks = node.find("tasks"))
    for (const YamlNode &task : tasks->items())
      recipe.eval.tasks.push_back(existing(folder, task));
}

static void readCompile(const YamlNode &node, Recipe &recipe) {
  node.onlyKeys({"cpu", "prefill_tokens"});
  node.read("cpu", recipe.cpu);
  readCount(node, "prefill_tokens", recipe.prefillTokens);
}

void Recipe::readKeep(const YamlNode &node, const fs::path &folder) {
  Recipe &recipe = *this;
  constexpr size_t npos = std::string::npos;
  node.onlyKeys({"checkpoints", "targets", "target_store", "token_cache"});
  if (auto count = node.find("checkpoints"); count && count->asString().find_first_not_of("0123456789") == npos) {
    recipe.keepCheckpoints = true;
    readCount(node, "checkpoints", recipe.keptCheckpoints);
    for (RecipeTraining *training : recipe.trainings())
      training->options.keptCheckpoints = recipe.keptCheckpoints;
  } else {
    node.read("checkpoints", recipe.keepCheckpoints);
  }
  node.read("targets", recipe.keepTargets);
  for (auto [key, path] : {std::pair("target_store", &recipe.targetStore), {"token_cache", &recipe.tokenCache}})
    if (auto found = node.find(key))
      *path = fs::absolute(folder / found->asString()).lexically_normal();
  if (!recipe.targetStore.empty() && !recipe.keepTargets)
    node.fail("expected 'targets: false' or a 'target_store' that others read, found both");
}

Recipe Recipe::read(const fs::path &file) {
  YamlNode root = YamlNode::load(file);
  root.onlyKeys({"teacher", "check", "seed", "length", "precision", "student", "domains", "align", "distill", "experts",
                 "merge", "on_policy", "eval", "compile", "keep"});
  fs::path folder = file.parent_path();
  Recipe recipe;
  recipe.text = readGivenFile(file);
  recipe.teacher = existing(folder, root.at("teacher"));
  if (auto check = root.find("check"))
    recipe.check = existing(folder, *check);
  readCount(root, "length", recipe.length);
  if (auto student = root.find("student"))
    recipe.student = readStudent(*student);
  if (auto student = root.find("student"))
    if (auto keep = student->find("keep_heads"))
      readKeepHeads(*keep, recipe);
  readDomains(root.at("domains"), folder, recipe);

  readCount(root, "seed", recipe.seed);
  YamlNode align = root.at("align"), distill = root.at("distill");
  readAlign(align, recipe);

  RecipeTraining defaults;
  defaults.options = TrainOptions::distillation(asCount(distill.at("steps"), "steps"));
  defaults.options.seed = recipe.seed;
  readDistill(distill, recipe, defaults);
  if (auto experts = root.find("experts"))
    readExperts(*experts, defaults, recipe);
  else
    recipe.experts.push_back(generalist(defaults, recipe));
  if (auto merge = root.find("merge"))
    readMerge(*merge, recipe);
  if (auto onPolicy = root.find("on_policy"))
    readOnPolicy(*onPolicy, recipe);
  if (auto eval = root.find("eval"))
    readEval(*eval, folder, recipe);
  for (const RecipeDomain &domain : recipe.domains)
    recipe.eval.domains.push_back({domain.name, domain.scored(), domain.hasTest() ? "test" : "valid"});
  for (const RecipeExpert &expert : recipe.experts)
    if (expert.training.options.scoreEvery > 0 && recipe.eval.tasks.empty())
      distill.fail("expected tasks under 'eval' for 'tasks_every'");
  if (recipe.onPolicy && recipe.onPolicy->training.options.scoreEvery > 0 && recipe.eval.tasks.empty())
    root.at("on_policy").fail("expected tasks under 'eval' for 'tasks_every'");
  if (recipe.merge.tune == "tasks" && recipe.eval.tasks.empty())
    root.at("merge").fail("expected tasks under 'eval' to tune by");
  if (auto compile = root.find("compile"))
    readCompile(*compile, recipe);
  if (auto keep = root.find("keep"))
    recipe.readKeep(*keep, folder);
  for (const auto &[name, node] : root.entries()) {
    static const std::set<std::string> training = {"align", "distill", "experts", "on_policy"};
    bool isTraining = training.contains(name); // where this changes no result
    recipe.sections[name] = isTraining       ? node.textWithout(noSettings, name == "experts")
                            : name == "eval" ? node.textWithout({"speed"})
                                             : node.text();
  }
  auto precision = root.find("precision");
  recipe.saysPrecision = precision.has_value();
  recipe.setPrecision(precision ? oneOf(*precision, precisions()) : "f32");
  return recipe;
}

const std::vector<std::string> &Recipe::precisions() {
  static const std::vector<std::string> names{"f32", "bf16"};
  return names;
}

void Recipe::setPrecision(const std::string &name) {
  for (RecipeTraining *training : trainings())
    training->options.precision = name;
  sections["precision"] = name == "f32" ? "" : name; // runs from before the key was there stay as they are
}

std::vector<RecipeTraining *> Recipe::trainings() {
  std::vector<RecipeTraining *> all{&align};
  for (RecipeExpert &expert : experts)
    all.push_back(&expert.training);
  if (onPolicy)
    all.push_back(&onPolicy->training);
  return all;
}

const RecipeExpert &Recipe::expert(const std::string &name) const {
  return *std::ranges::find(experts, name, &RecipeExpert::name);
}

const RecipeExpert &Recipe::rootOf(const RecipeExpert &expert) const {
  return expert.from.empty() ? expert : rootOf(this->expert(expert.from));
}

std::vector<const RecipeExpert *> Recipe::mergedExperts() const {
  std::vector<const RecipeExpert *> merged;
  for (const RecipeExpert &expert : experts)
    if (std::ranges::find(experts, expert.name, &RecipeExpert::from) == experts.end())
      merged.push_back(&expert);
  return merged;
}

RecipeTraining Recipe::alignmentOf(const RecipeExpert &expert) const {
  RecipeTraining training = align;
  if (alignsEach)
    training.domains = rootOf(expert).training.domains;
  return training;
}

const RecipeDomain &Recipe::domain(const std::string &name) const {
  return *std::find_if(domains.begin(), domains.end(), [&](const RecipeDomain &domain) { return domain.name == name; });
}

} // namespace xlstm
