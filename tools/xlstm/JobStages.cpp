//===- JobStages.cpp - what each stage of a recipe reads and writes -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Job.h"

#include "xlstm/Support/Number.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// Raised for a stage when what it computes from the same inputs changes.
static const std::map<std::string, int> programVersions = {
    {"teacher", 1}, {"check", 1}, {"tokens", 2},  {"heads", 1}, {"rewrite", 1}, {"align", 2}, {"targets", 2},
    {"expert", 2},  {"merge", 1}, {"compile", 1}, {"speed", 1}, {"eval", 1},    {"base", 1},  {"on-policy", 1}};

static Stage stageOf(const std::string &name, std::vector<std::string> reads, std::vector<fs::path> outputs,
                     std::function<void()> make) {
  Stage stage{name, {}, std::move(reads), std::move(outputs), std::move(make)};
  auto version = programVersions.find(name);
  if (version == programVersions.end())
    version = programVersions.find(name.substr(0, name.find('-')));
  stage.inputs["the program's version of the stage"] = std::to_string(version->second);
  return stage;
}

void Job::addText(Stage &stage, std::initializer_list<const char *> sections) const {
  for (const char *name : sections)
    stage.inputs[std::string("the recipe's ") + name] = section(name);
}

/// What training reads of its domains: their texts, and how it mixes them.
void Job::addCorpora(Stage &stage, const RecipeTraining &training) {
  for (const auto &[name, share] : training.domains) {
    const RecipeDomain &domain = recipe.domain(name);
    stage.inputs["the share of domain " + name] = shortest(share) + " of " + domain.mixText();
    for (const RecipeSource &source : domain.train) {
      std::string &all = stage.inputs["the corpus domains." + name + ".train"];
      all += run.hashes().of(source.files) + " ";
    }
    stage.inputs["the corpus domains." + name + ".valid"] = run.hashes().of(domain.valid);
    stage.reads.push_back("tokens-" + name);
  }
}

/// The files that an import of `source` may read: a folder's own, or a file with those beside it that go by its name or
/// tell of its tokens.
static std::vector<fs::path> filesOfTeacher(const fs::path &source) {
  std::error_code error;
  bool isFolder = fs::is_directory(source, error);
  std::vector<fs::path> files;
  fs::path folder = isFolder ? source : source.parent_path().empty() ? fs::path(".") : source.parent_path();
  for (const fs::directory_entry &entry : fs::directory_iterator(folder, error)) {
    fs::path name = entry.path().filename();
    bool isBeside = name.string().starts_with(source.stem().string()) || name.extension() == ".json" ||
                    name.extension() == ".jinja" || name.string().ends_with("data") || name.extension() == ".model";
    if (entry.is_regular_file(error) && !name.string().starts_with('.') && (isFolder || isBeside))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

static std::string hashOfTeacher(const fs::path &source, FileHashes &hashes) {
  std::string text;
  for (const fs::path &file : filesOfTeacher(source))
    text += file.filename().string() + "=" + hashes.of(file) + "\n";
  return hashOfText(text);
}

Stage Job::teacherStage() {
  Stage stage = stageOf("teacher", {}, {"teacher"}, [this] { importTeacherBundle(); });
  stage.inputs["the teacher"] = hashOfTeacher(recipe.teacher, run.hashes());
  return stage;
}

Stage Job::tokensStage(const RecipeDomain &domain) {
  Stage stage = stageOf("tokens-" + domain.name, {"teacher"}, {}, [&] { writeDomainTokens(domain); });
  stage.wrote = [&] { return tokenFiles(domain); };
  for (const RecipeSource &source : domain.train)
    stage.inputs["the corpus domains." + domain.name + ".train"] += run.hashes().of(source.files) + " ";
  stage.inputs["the corpus domains." + domain.name + ".valid"] = run.hashes().of(domain.valid);
  stage.mayPass = true;
  return stage;
}

/// The text to choose by is what the run trains on: held-out text stays unseen.
Stage Job::headsStage() {
  Stage stage = stageOf("heads", {"teacher"}, {"heads.json", "heads.html"}, [this] { chooseHeads(); });
  addText(stage, {"student"});
  for (const RecipeDomain &domain : recipe.domains)
    stage.inputs["the corpus domains." + domain.name + ".train"] = run.hashes().of(domain.trainFiles());
  return stage;
}

Stage Job::rewriteStage() {
  Stage stage = stageOf("rewrite", {"teacher"}, {"window-sinks", "ir"}, [this] { writeRewrites(); });
  addText(stage, {"student"});
  if (recipe.heads)
    stage.reads.push_back("heads");
  return stage;
}

/// Of a training stage, after which more steps may go on from what there is.
static void addSteps(Stage &stage, const RecipeTraining &training) {
  stage.inputs["the number of steps"] = std::to_string(training.options.steps);
  stage.grows.insert("the number of steps");
}

Stage Job::alignStage(const RecipeExpert &expert) {
  std::string name = alignName(expert);
  RecipeTraining training = recipe.alignmentOf(expert);
  Stage stage = stageOf(name, {"teacher"}, {alignedName(expert)}, [&] { align(expert); });
  addSteps(stage, training);
  addText(stage, {"align", "student", "length", "seed", "precision"});
  addCorpora(stage, training);
  if (recipe.heads)
    stage.reads.push_back("heads");
  stage.work = {name};
  stage.tokens = tokensOf(training);
  return stage;
}

Stage Job::targetsStage(const RecipeExpert &expert) {
  Stage stage = stageOf("targets-" + expert.name, {"teacher"}, {}, [&] { writeExpertTargets(expert); });
  stage.wrote = [&] { return targetFiles.at(expert.name); };
  const TrainOptions &options = expert.training.options;
  addText(stage, {"length", "precision"});
  addCorpora(stage, expert.training);
  stage.inputs["top_k"] = std::to_string(recipe.topK);
  stage.inputs["the number of rows"] =
      std::to_string(options.steps * options.batch) + ", of a domain " + std::to_string(expert.training.rows);
  stage.work = {fs::path("targets") / expert.name}; // of an earlier version; the store itself is by content
  stage.mayPass = !recipe.keepTargets || !recipe.targetStore.empty();
  return stage;
}

/// Of a training stage that scores tasks while it trains.
void Job::addScores(Stage &stage, const RecipeTraining &training) {
  if (training.options.scoreEvery == 0)
    return;
  addText(stage, {"eval"});
  for (const fs::path &task : recipe.eval.tasks)
    stage.inputs["the task " + task.filename().string()] = run.hashes().of(task);
}

Stage Job::expertStage(const RecipeExpert &expert) {
  std::string name = "expert-" + expert.name;
  std::string start = expert.from.empty() ? alignName(expert) : "expert-" + expert.from;
  Stage stage = stageOf(name, {start, recipe.onlineTargets ? "teacher" : "targets-" + expert.name}, {name},
                        [&] { distill(expert); });
  addText(stage, {"distill", "length", "seed", "precision"});
  stage.inputs["the recipe's experts." + expert.name] = expert.text;
  addCorpora(stage, expert.training);
  addSteps(stage, expert.training);
  stage.grows.insert("targets-" + expert.name); // what was read of them is the same
  addScores(stage, expert.training);
  stage.work = {fs::path("experts") / expert.name};
  stage.tokens = tokensOf(expert.training);
  return stage;
}

Stage Job::onPolicyStage() {
  const RecipeOnPolicy &onPolicy = *recipe.onPolicy;
  Stage stage = stageOf(onPolicyName, {"merge", "teacher"}, {studentName()}, [this] { trainOnPolicy(); });
  addText(stage, {"on_policy", "length", "seed", "precision"});
  addCorpora(stage, onPolicy.training);
  addSteps(stage, onPolicy.training);
  stage.inputs["top_k"] = std::to_string(onPolicy.topK);
  addScores(stage, onPolicy.training);
  stage.work = {onPolicyName};
  stage.tokens = onPolicy.training.options.steps * onPolicy.training.options.batch * onPolicy.write.write; // at most
  return stage;
}

Stage Job::evalStage() {
  Stage stage = stageOf("eval", {"teacher", "rewrite"}, {"eval/results.json"}, [this] { evaluate(); });
  for (const std::string &name : alignNames())
    stage.reads.push_back(name);
  for (const RecipeExpert &expert : recipe.experts)
    stage.reads.push_back("expert-" + expert.name);
  stage.reads.push_back("merge");
  if (recipe.onPolicy)
    stage.reads.push_back(onPolicyName);
  addText(stage, {"eval"});
  for (const EvalDomain &domain : recipe.eval.domains)
    stage.inputs["the corpus domains." + domain.name + "." + domain.split] = run.hashes().of(domain.files);
  for (const fs::path &task : recipe.eval.tasks)
    stage.inputs["the task " + task.filename().string()] = run.hashes().of(task);
  return stage;
}

std::vector<std::string> Job::alignNames() const {
  std::vector<std::string> names;
  for (const RecipeExpert &expert : recipe.experts)
    if (std::string name = alignName(expert); std::ranges::find(names, name) == names.end())
      names.push_back(name);
  return names;
}

std::vector<const RecipeExpert *> Job::mergedRoots() const {
  std::vector<const RecipeExpert *> roots;
  for (const RecipeExpert *expert : recipe.mergedExperts())
    if (const RecipeExpert *root = &recipe.rootOf(*expert); std::ranges::find(roots, root) == roots.end())
      roots.push_back(root);
  return roots;
}

std::vector<Stage> Job::stages() {
  std::vector<Stage> all = {teacherStage()};
  if (recipe.check) {
    all.push_back(stageOf("check", {"teacher"}, {"check"}, [this] { checkOtherExport(); }));
    all.back().inputs["the other export"] = hashOfTeacher(*recipe.check, run.hashes());
  }
  for (const RecipeDomain &domain : recipe.domains)
    all.push_back(tokensStage(domain));
  if (recipe.heads)
    all.push_back(headsStage());
  all.push_back(rewriteStage());
  std::set<std::string> aligned;
  for (const RecipeExpert &expert : recipe.experts)
    if (aligned.insert(alignName(expert)).second)
      all.push_back(alignStage(recipe.rootOf(expert)));
  for (const RecipeExpert &expert : recipe.experts) {
    if (!recipe.onlineTargets)
      all.push_back(targetsStage(expert));
    all.push_back(expertStage(expert));
  }
  if (recipe.makesMergeBase()) {
    all.push_back(stageOf("base", {}, {"merge-base"}, [this] { writeMergeBase(); }));
    for (const RecipeExpert *root : mergedRoots())
      all.back().reads.push_back(alignName(*root));
  }
  Stage merged = stageOf("merge", {}, {"merged"}, [this] { merge(); });
  for (const RecipeExpert *expert : recipe.mergedExperts())
    merged.reads.push_back("expert-" + expert->name);
  if (isOfTaskVectors(recipe.merge.method))
    merged.reads.push_back(recipe.makesMergeBase() ? "base" : "align");
  if (!recipe.merge.tune.empty())
    for (const RecipeDomain &domain : recipe.domains)
      merged.inputs["the corpus domains." + domain.name + ".valid"] = run.hashes().of(domain.valid);
  addText(merged, {"merge"});
  all.push_back(merged);
  if (recipe.onPolicy)
    all.push_back(onPolicyStage());
  all.push_back(stageOf("compile", {studentStage()}, {"chat"}, [this] { compile(); }));
  addText(all.back(), {"compile"});
  if (!recipe.speedLengths.empty()) {
    all.push_back(stageOf("speed", {"teacher", "compile"}, {"eval/speed.json"}, [this] { measureSpeeds(); }));
    for (int64_t length : recipe.speedLengths)
      all.back().inputs["the lengths of eval.speed"] += std::to_string(length) + " ";
  }
  all.push_back(evalStage());
  return all;
}

} // namespace xlstm
