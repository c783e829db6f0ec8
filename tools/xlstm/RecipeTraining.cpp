//===- RecipeTraining.cpp - what a recipe says of stages that train -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Ranges.h"
#include "RecipeFields.h"

#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

namespace xlstm {

#define XLSTM_TRAINING_KEYS                                                                                            \
  "steps", "batch", "micro_batch", "warmup", "learning_rate", "final_learning_rate", "schedule", "weight_decay",       \
      "decay_on", "clip", "validate_every", "checkpoint_every", "patience", "spike", "rows", "held_out_rows",          \
      "domains", "recompute"

#define XLSTM_DISTILL_KEYS XLSTM_TRAINING_KEYS, "train", "lora", "new_learning_rate", "new_weight_decay", "tasks_every"

/// `[math, code]`: in equal shares; `{math: 0.7, code: 0.3}`: in these.
static std::vector<std::pair<std::string, double>> readShares(const YamlNode &node, const Recipe &recipe) {
  std::vector<std::pair<std::string, double>> shares;
  auto add = [&](const std::string &name, double share, const YamlNode &place) {
    std::vector<std::string> known;
    for (const RecipeDomain &domain : recipe.domains)
      known.push_back(domain.name);
    if (std::ranges::find(known, name) == known.end())
      place.fail("expected a name under 'domains', found " + quote(name) + didYouMean(name, known));
    shares.emplace_back(name, share);
  };
  if (node.isList())
    for (const YamlNode &name : node.items())
      add(name.asString(), 1, name);
  else
    for (const auto &[name, share] : node.entries())
      add(name, asNumber(share, "domains"), share);
  double sum = 0;
  for (const auto &[name, share] : shares)
    sum += share;
  if (sum <= 0)
    node.fail("expected domains with shares above 0, found none");
  for (auto &[name, share] : shares)
    share /= sum;
  return shares;
}

/// What memory is made for before the first step.
static void checkProducts(const YamlNode &node, const Recipe &recipe, const RecipeTraining &training) {
  auto check = [&](const char *what, int64_t one, int64_t other, int64_t most) {
    if (one * other > most) // each below 2^31
      node.fail(std::string("expected ") + what + " of at most " + std::to_string(most) + ", found " +
                std::to_string(one * other));
  };
  const TrainOptions &options = training.options;
  check("'steps' times 'batch'", options.steps, options.batch, mostRows);
  check("'batch' times 'length'", options.batch, recipe.length, mostTokensTogether);
  check("'held_out_rows' times 'length'", training.heldOutRows, recipe.length, mostTokensTogether);
}

/// Reads the keys that both stages know over the values that `training` has.
static void readTraining(const YamlNode &node, const Recipe &recipe, RecipeTraining &training) {
  TrainOptions &options = training.options;
  readCount(node, "steps", options.steps);
  readCount(node, "batch", options.batch);
  readCount(node, "micro_batch", options.microBatch);
  readCount(node, "warmup", options.rate.warmup);
  readNumber(node, "learning_rate", options.rate.peak);
  readNumber(node, "final_learning_rate", options.rate.final);
  readNumber(node, "weight_decay", options.adamw.weightDecay);
  readNumber(node, "clip", options.clip);
  readCount(node, "validate_every", options.validateEvery);
  readCount(node, "checkpoint_every", options.checkpointEvery);
  readCount(node, "patience", options.patience);
  readNumber(node, "spike", options.spike);
  readCount(node, "rows", training.rows);
  readCount(node, "held_out_rows", training.heldOutRows);
  node.read("recompute", options.recompute);
  if (auto decayed = node.find("decay_on"))
    options.adamw.decayAll = oneOf(*decayed, {"matrices", "all"}) == "all";
  if (auto schedule = node.find("schedule"))
    options.rate.cosine = oneOf(*schedule, {"cosine", "constant"}) == "cosine";
  if (auto domains = node.find("domains"))
    training.domains = readShares(*domains, recipe);
  checkProducts(node, recipe, training);
}

/// Reads the keys of stage II alone: what is trained, and how what is new.
static void readTrained(const YamlNode &node, TrainOptions &options) {
  readCount(node, "tasks_every", options.scoreEvery);
  static const std::map<std::string, Trained> kinds = {
      {"full", Trained::Full}, {"mixer", Trained::Mixer}, {"lora", Trained::Lora}};
  if (auto train = node.find("train"))
    options.trained = kinds.at(oneOf(*train, {"full", "mixer", "lora"}));
  for (auto [key, value] :
       {std::pair("new_learning_rate", &options.newPeak), {"new_weight_decay", &options.adamw.newWeightDecay}})
    if (auto found = node.find(key))
      *value = asNumber(*found, key);
  auto lora = node.find("lora");
  if (!lora)
    return;
  if (options.trained != Trained::Lora)
    lora->fail("expected beside 'train: lora' alone");
  lora->onlyKeys({"rank", "alpha", "targets"});
  readCount(*lora, "rank", options.lora.rank);
  readNumber(*lora, "alpha", options.lora.alpha);
  if (auto targets = lora->find("targets")) {
    options.lora.targets.clear();
    for (const YamlNode &target : targets->items())
      options.lora.targets.push_back(checkedName(target.asString(), target));
  }
}

void readAlign(const YamlNode &align, Recipe &recipe) {
  recipe.align.options = TrainOptions::alignment(asCount(align.at("steps"), "steps"));
  recipe.align.options.seed = recipe.seed;
  for (const RecipeDomain &domain : recipe.domains)
    recipe.align.domains.emplace_back(domain.name, 1.0 / double(recipe.domains.size()));
  readTraining(align.onlyKeys({XLSTM_TRAINING_KEYS, "each_expert"}), recipe, recipe.align);
  align.read("each_expert", recipe.alignsEach);
  if (recipe.alignsEach && align.find("domains"))
    align.fail("expected 'each_expert', on its own domains, or 'domains', found both");
}

void readDistill(const YamlNode &node, Recipe &recipe, RecipeTraining &training) {
  node.onlyKeys({XLSTM_DISTILL_KEYS, "ce_weight", "kl_weight", "kl_mode", "top_k", "targets"});
  readTraining(node, recipe, training);
  readTrained(node, training.options);
  double ce = 0.9, kl = 0.1;
  std::string mode = "renormalized";
  readNumber(node, "ce_weight", ce);
  readNumber(node, "kl_weight", kl);
  readCount(node, "top_k", recipe.topK);
  if (auto found = node.find("kl_mode"))
    mode = oneOf(*found, {"renormalized", "tail"});
  if (auto targets = node.find("targets"))
    recipe.onlineTargets = oneOf(*targets, {"stored", "online"}) == "online";
  recipe.distillPass = "ce-weight=" + shortest(ce) + " kl-weight=" + shortest(kl) + " kl-mode=" + mode;
}

/// What the student writes: how much, how, and that there are rows that begin so and checkpoints where it writes anew.
static void readWriting(const YamlNode &node, const Recipe &recipe, RecipeOnPolicy &onPolicy) {
  WriteOptions &write = onPolicy.write;
  write.prompt = std::min(write.prompt, recipe.length / 2);
  readCount(node, "prompt", write.prompt);
  readCount(node, "write", write.write);
  readNumber(node, "temperature", write.temperature);
  readCount(node, "every", write.every);
  if (write.prompt >= recipe.length)
    node.at("prompt").fail("expected a prompt shorter than a row's 'length' of " + std::to_string(recipe.length) +
                           ", found " + std::to_string(write.prompt));
  const TrainOptions &options = onPolicy.training.options;
  if (options.checkpointEvery % write.every != 0)
    node.find("every").value_or(node).fail("expected a part of 'checkpoint_every', " +
                                           std::to_string(options.checkpointEvery) + ", found " +
                                           std::to_string(write.every));
  if (int64_t tokens = options.batch * write.every; tokens > mostTokensTogether / write.length())
    node.fail("expected 'batch' times 'every' times 'prompt' and 'write' of at most " +
              std::to_string(mostTokensTogether) + ", found " + std::to_string(tokens * write.length()));
}

void readOnPolicy(const YamlNode &node, Recipe &recipe) {
  node.onlyKeys({XLSTM_DISTILL_KEYS, "prompt", "write", "temperature", "every", "top_k"});
  RecipeOnPolicy onPolicy;
  RecipeTraining &training = onPolicy.training;
  training.options = TrainOptions::distillation(asCount(node.at("steps"), "steps"));
  training.options.seed = recipe.seed;
  training.options.batch = 32;
  for (const RecipeDomain &domain : recipe.domains)
    training.domains.emplace_back(domain.name, 1.0 / double(recipe.domains.size()));
  readTraining(node, recipe, training);
  readTrained(node, training.options);
  onPolicy.topK = recipe.topK;
  readCount(node, "top_k", onPolicy.topK);
  readWriting(node, recipe, onPolicy);
  recipe.onPolicy = std::move(onPolicy);
}

void readExperts(const YamlNode &node, const RecipeTraining &defaults, Recipe &recipe) {
  std::vector<std::string> before;
  for (const auto &[name, expert] : node.entries()) {
    RecipeExpert result{checkedName(name, expert), defaults};
    expert.onlyKeys({XLSTM_DISTILL_KEYS, "from"});
    if (auto from = expert.find("from")) {
      result.from = from->asString();
      if (std::ranges::find(before, result.from) == before.end())
        from->fail("expected an expert that stands before this one, found " + quote(result.from) +
                   didYouMean(result.from, before));
    }
    before.push_back(result.name);
    readTraining(expert, recipe, result.training);
    readTrained(expert, result.training.options);
    result.text = expert.textWithout(noSettings);
    if (result.training.domains.empty())
      expert.fail("expected 'domains', the domains that the expert is for");
    recipe.experts.push_back(result);
  }
  if (recipe.experts.empty())
    node.fail("expected at least one expert, found none");
}

RecipeExpert generalist(const RecipeTraining &defaults, const Recipe &recipe) {
  RecipeExpert expert{"all", defaults};
  if (expert.training.domains.empty())
    for (const RecipeDomain &domain : recipe.domains)
      expert.training.domains.emplace_back(domain.name, 1.0 / double(recipe.domains.size()));
  return expert;
}

} // namespace xlstm
