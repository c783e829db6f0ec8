//===- Distill.cpp - xlstm distill: the main job, stage by stage ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every stage leaves one thing in the run's folder (docs/RunFolder.md) and is skipped when it is there.

#include "Commands.h"
#include "Estimate.h"
#include "MergeTune.h"
#include "Preflight.h"
#include "Recipe.h"
#include "RunFolder.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Eval/Report.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Files/FileHash.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"
#include "xlstm/Target/Link.h"

#include <algorithm>
#include <cstring>
#include <unistd.h>
#include <utility>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

/// One run of a recipe.
class Job {
public:
  Job(Recipe recipe, Corpora corpora, const fs::path &folder, const std::string &device)
      : recipe(std::move(recipe)), corpora(std::move(corpora)), run(folder), device(device) {
    openDevice(device); // now, not after the first stages
    run.device = device;
  }

  void execute();

private:
  void importTeacherBundle();
  void checkOtherExport();
  void chooseHeads();
  /// As the recipe says, with the heads that were chosen.
  StudentSettings student() const;
  void writeRewrites();
  void align();
  int64_t topK(const RunnableModel &teacher) const {
    return std::min(recipe.topK, teacher.spec().results.at(0).shape.at(2));
  }
  void writeExpertTargets(const RecipeExpert &expert);
  std::unique_ptr<TargetSource> targetSource(const RecipeExpert &expert) const;
  void distill(const RecipeExpert &expert);
  void dropLeftovers(const RecipeExpert &expert);
  MergeConfig mergeConfig() const;
  void merge();
  Lineage lineage(const std::string &stage, const std::vector<std::pair<std::string, double>> &domains) const;
  void evaluate();

  int64_t tokensOf(const RecipeTraining &training) const {
    return training.options.steps * training.options.batch * recipe.length;
  }

  struct Corpus {
    MixedRows train;
    TokenRows heldOut;
  };
  Corpus readCorpus(const RecipeTraining &training, const RunnableModel &model) const;
  fs::path expertBundle(const RecipeExpert &expert) const { return run / ("expert-" + expert.name); }
  fs::path targets(const RecipeExpert &expert) const { return run.path() / "targets" / expert.name; }
  std::string section(const std::string &name) const {
    auto found = recipe.sections.find(name);
    return found == recipe.sections.end() ? "" : found->second;
  }

  const Recipe recipe;
  const Corpora corpora;
  RunFolder run;
  const std::string device; // of training, targets and evaluation
};

} // namespace

/// Training rows of every domain, and held-out rows of all of them, in ids that `model` has.
Job::Corpus Job::readCorpus(const RecipeTraining &training, const RunnableModel &model) const {
  Vocabulary vocabulary = Vocabulary::load(run / "teacher");
  int64_t modelIds = model.spec().results.at(0).shape.at(2);
  PackOptions packHeldOut{.length = recipe.length, .dropPartial = true, .maxRows = training.heldOutRows};
  std::vector<TokenRows> train, heldOut;
  std::vector<double> shares;
  for (const auto &[name, share] : training.domains) {
    // What the steps use, and one for the rounding of each share (RowOrder.h).
    int64_t used = int64_t(double(training.options.steps * training.options.batch) * share) + 2;
    PackOptions pack{.length = recipe.length, .dropPartial = true, .maxRows = training.rows ? training.rows : used};
    train.push_back(readRows(corpora.at(recipe.domain(name).train), vocabulary, modelIds, pack));
    heldOut.push_back(readRows(corpora.at(recipe.domain(name).valid), vocabulary, modelIds, packHeldOut));
    shares.push_back(share);
  }
  return {mixRows(train, shares), concatenate(heldOut)};
}

void Job::importTeacherBundle() {
  if (Bundle::isBundle(recipe.teacher)) { // a bundle of the user's stays theirs
    copyBundle(recipe.teacher, run / "teacher");
    return;
  }
  importTeacher(recipe.teacher, run / "teacher");
}

/// The other export must be the same model: the same module, and the same values in every weight.
void Job::checkOtherExport() {
  importTeacher(*recipe.check, run / "check");
  Bundle ours = Bundle::open(run / "teacher"), other = Bundle::open(run / "check");
  if (readTextFile(ours.modelFile()) != readTextFile(other.modelFile()))
    fail(other.modelFile().string(), ": expected the module of ", ours.modelFile().string(),
         ", found another one (compare them with diff)");
  for (const auto &[name, tensor] : ours.weights.tensors()) {
    const StoredTensor &same = other.weights.get(name);
    if (tensor.bytes.size() != same.bytes.size() ||
        std::memcmp(tensor.bytes.data(), same.bytes.data(), tensor.bytes.size()) != 0)
      fail(other.folder.string(), ": tensor '", name, "': expected the values of ", ours.folder.string(),
           ", found others");
  }
}

/// The text to choose by is what the run trains on: held-out text stays unseen.
void Job::chooseHeads() {
  HeadInputs inputs = *recipe.heads;
  inputs.device = device;
  for (const RecipeDomain &domain : recipe.domains)
    inputs.domains.emplace_back(domain.name, domain.train);
  writeHeads(rankTeacherHeads(run / "teacher", inputs), run / "heads.json");
}

StudentSettings Job::student() const {
  StudentSettings settings = recipe.student;
  if (recipe.heads)
    settings.options["keep-heads"] = readJsonFile(run / "heads.json").at("keep").get<std::string>();
  return settings;
}

/// The student before training, the untrained baseline, and every function for who wants to look at the IR.
void Job::writeRewrites() {
  RunnableModel teacher = RunnableModel::open(run / "teacher");
  StudentSettings baseline = student();
  baseline.options["mixer"] = "window";
  writeStudent(teacher, baseline, {}, run / "window-sinks");
  AtomicDirectory folder(run / "ir");
  std::string origin = teacher.bundle.modelFile();
  writeTextFile(folder.path() / "teacher.mlir", teacher.mlir);
  writeTextFile(folder.path() / "student.mlir",
                rewriteModule(teacher.mlir, origin, "xlstm-student-pipeline{" + student().passOptions() + "}"));
  folder.commit();
}

/// What a student of this run says of its origin. The data of a domain is what its file holds now.
Lineage Job::lineage(const std::string &stage, const std::vector<std::pair<std::string, double>> &domains) const {
  Lineage result{
      hashOfTensors(Bundle::open(run / "teacher", BundleCheck::SmallFiles).weights), "", stage, recipe.seed, {}};
  if (stage == "expert")
    result.start = hashOfTensors(Bundle::open(run / "aligned", BundleCheck::SmallFiles).weights);
  for (const auto &[name, share] : domains) {
    fs::path corpus = fs::canonical(recipe.domain(name).train);
    result.data[name] = hexDigits(measureFile(corpus.parent_path(), corpus.filename()).hash);
  }
  return result;
}

void Job::align() {
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  auto build = [&](const std::vector<double> &energies) {
    return teacher.derive(alignPass(student().passOptions(), energies), recipe.align.options.passes("align"));
  };
  Corpus corpus = readCorpus(recipe.align, teacher);
  AlignResult result = alignStudent(build, std::exchange(teacher.params, {}), corpus.train, corpus.heldOut,
                                    recipe.align.options, run / "align");
  teacher = RunnableModel::open(run / "teacher");
  writeStudent(teacher, student(), result.trained, run / "aligned", lineage("aligned", recipe.align.domains));
}

void Job::writeExpertTargets(const RecipeExpert &expert) {
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  TargetOptions options;
  options.k = topK(teacher);
  options.teacher = hashOf(teacher.params);
  options.tf32 = expert.training.options.precision == "bf16"; // which rounds to fewer bits
  writeTargets(teacher.forward, teacher.params, readCorpus(expert.training, teacher).train.rows, options,
               targets(expert));
}

std::unique_ptr<TargetSource> Job::targetSource(const RecipeExpert &expert) const {
  if (!recipe.onlineTargets)
    return std::make_unique<TargetStore>(TargetStore::open(targets(expert)));
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  std::string hash = hashOf(teacher.params);
  return std::make_unique<OnlineTeacher>(teacher.forward, std::exchange(teacher.params, {}), topK(teacher), hash);
}

void Job::distill(const RecipeExpert &expert) {
  RunnableModel aligned = RunnableModel::open(run / "aligned", device);
  Program program = aligned.derive(expert.adapterPass() + "xlstm-build-distill{" + recipe.distillPass + "}",
                                   expert.training.options.passes("distill"));
  Corpus corpus = readCorpus(expert.training, aligned);
  auto load = [&] { // those that are there, which are not needed beside what is trained of them
    ParamMap params = std::exchange(aligned.params, {});
    return params.empty() ? RunnableModel::open(run / "aligned", device).params : params;
  };
  std::unique_ptr<TargetSource> source = targetSource(expert);
  DistillResult result = distillExpert(program, load, corpus.train, *source, corpus.heldOut, expert.training.options,
                                       run.path() / "experts" / expert.name);
  writeStudentBundle(aligned.mlir, result.params, aligned.bundle, "expert for " + expert.name, expertBundle(expert),
                     lineage("expert", expert.training.domains));
}

MergeConfig Job::mergeConfig() const {
  const RecipeMerge &merge = recipe.merge;
  MergeConfig config;
  config.method = merge.method;
  config.shared = {merge.parameters};
  for (const RecipeExpert &expert : recipe.experts) {
    auto weight = merge.weights.find(expert.name);
    if (merge.weights.empty())
      config.models.push_back({expertBundle(expert), {{"weight", 1 / double(recipe.experts.size())}}});
    else if (weight != merge.weights.end())
      config.models.push_back({expertBundle(expert), {{"weight", weight->second}}});
  }
  if (isOfTaskVectors(merge.method))
    config.base = run / "aligned";
  if (merge.method == MergeMethod::Slerp)
    config.base = config.models.front().folder;
  return config;
}

void Job::merge() {
  if (recipe.merge.tune.empty())
    return mergeBundles(mergeConfig(), run / "merged");
  TuneInputs inputs{recipe.merge.tune == "tasks", recipe.eval, recipe.merge.trials};
  inputs.eval.device = device;
  mergeTuned(mergeConfig(), inputs, run / "merged");
}

void Job::evaluate() {
  std::vector<NamedBundle> models;
  for (const char *name : {"teacher", "window-sinks", "aligned"})
    models.push_back({name, run / name});
  for (const RecipeExpert &expert : recipe.experts)
    models.push_back({"expert-" + expert.name, expertBundle(expert)});
  models.push_back({"merged", run / "merged"});
  EvalInputs inputs = recipe.eval;
  inputs.device = device;
  evaluateBundles(models, inputs, run / "eval");
}

/// What a finished expert was made from; its bundle has the weights of best/.
void Job::dropLeftovers(const RecipeExpert &expert) {
  if (!recipe.keepCheckpoints)
    for (const char *part : {"checkpoints", "best"})
      run.discard(fs::path("experts") / expert.name / part);
  if (!recipe.keepTargets)
    run.discard(fs::path("targets") / expert.name);
}

void Job::execute() {
  run.stage("teacher", section("teacher"), [&] { importTeacherBundle(); });
  if (!run.isDone("align"))
    checkTeacher(recipe, corpora, run / "teacher", run.path());
  if (recipe.check)
    run.stage("check", section("check"), [&] { checkOtherExport(); });
  std::string data = section("domains") + section("length") + section("seed");
  if (recipe.heads)
    run.stage("heads", data + section("student"), [&] { chooseHeads(); });
  run.stage("rewrite", section("student"), [&] { writeRewrites(); });
  run.stage(
      "align", data + section("align") + section("precision"), [&] { align(); }, tokensOf(recipe.align));
  if (!recipe.keepCheckpoints)
    run.discard("align/checkpoints");
  for (const RecipeExpert &expert : recipe.experts) {
    std::string settings = section("distill") + section("experts") + section("precision");
    if (!recipe.onlineTargets)
      run.stage("targets-" + expert.name, settings, [&] { writeExpertTargets(expert); });
    run.stage(
        "expert-" + expert.name, settings, [&] { distill(expert); }, tokensOf(expert.training));
    dropLeftovers(expert);
  }
  run.stage("merge", section("merge"), [&] { merge(); });
  run.stage("compile", section("compile"), [&] {
    CompileOptions options;
    options.cpu = recipe.cpu;
    options.prefillTokens = recipe.prefillTokens;
    compileBundle(run / "merged", run / "chat", options);
  });
  run.stage("eval", section("eval"), [&] { evaluate(); });
  writeTextFile(run / "recipe.yaml", recipe.text);
  writeReport(run.path());
}

void addDistillCommand(CLI::App &app) {
  struct Settings {
    fs::path recipe, output;
    std::string device, precision;
    bool dryRun = false;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand(
      "distill", "Run a recipe: import, align, distil experts, merge, evaluate, compile. Goes on where it was stopped");
  verb->add_option("recipe", settings->recipe, "Recipe file (docs/Recipe.md)")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the run; required but for --dry-run");
  verb->add_flag("--dry-run", settings->dryRun, "Only check the recipe and say what disk and memory each stage needs");
  addDeviceOption(*verb, settings->device);
  verb->add_option("--precision", settings->precision, "Type in which training computes, over the recipe's")
      ->check(CLI::IsMember(Recipe::precisions()));
  verb->callback([settings, verb] {
    Recipe recipe = Recipe::read(settings->recipe);
    if (!settings->precision.empty())
      recipe.setPrecision(settings->precision);
    else if (!recipe.saysPrecision)
      recipe.setPrecision(settings->device == "cuda" ? "bf16" : "f32");
    if (settings->dryRun)
      return writeOut(estimateText(estimateRun(recipe)));
    if (verb->count("--output") == 0)
      throw CLI::RequiredError("--output");
    Corpora corpora = checkRun(recipe, settings->output);
    Job(recipe, std::move(corpora), settings->output, settings->device).execute();
    auto place = [&](const fs::path &name) { return escapeControls((settings->output / name).string()); };
    tell(STDOUT_FILENO, "results: " + place("eval/results.json") + "\nreport:  " + place("eval/report.html") +
                            "\ntalk to it: " + place("chat") + " -p \"...\"\n");
  });
}

} // namespace xlstm
