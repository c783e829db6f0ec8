//===- Distill.cpp - xlstm distill: the main job, stage by stage ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every stage leaves one thing in the run's folder (docs/RunFolder.md) and is skipped when it is there.

#include "Commands.h"
#include "Recipe.h"
#include "RunFolder.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Eval/Report.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"
#include "xlstm/Target/Link.h"

#include <algorithm>
#include <cstring>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

/// One run of a recipe.
class Job {
public:
  Job(Recipe recipe, const fs::path &folder, const std::string &device)
      : recipe(std::move(recipe)), run(folder), device(device) {
    openDevice(device); // now, not after the first stages
  }

  void execute();

private:
  void importTeacherBundle();
  void checkOtherExport();
  void writeRewrites();
  void align();
  void writeExpertTargets(const RecipeExpert &expert);
  void distill(const RecipeExpert &expert);
  void merge();
  void evaluate();

  struct Corpus {
    MixedRows train;
    TokenRows heldOut;
  };
  Corpus readCorpus(const RecipeTraining &training) const;
  fs::path expertBundle(const RecipeExpert &expert) const { return run / ("expert-" + expert.name); }
  fs::path targets(const RecipeExpert &expert) const { return run.path() / "targets" / expert.name; }
  std::string section(const std::string &name) const {
    auto found = recipe.sections.find(name);
    return found == recipe.sections.end() ? "" : found->second;
  }

  const Recipe recipe;
  RunFolder run;
  const std::string device; // of training, targets and evaluation
};

} // namespace

/// Training rows of every domain, and held-out rows of all of them.
Job::Corpus Job::readCorpus(const RecipeTraining &training) const {
  fs::path teacher = run / "teacher";
  Tokenizer tokenizer = Tokenizer::load((teacher / "tokenizer.json").string());
  SpecialTokens special = readSpecialTokens(teacher, tokenizer);
  PackOptions packHeldOut{.length = recipe.length, .dropPartial = true, .maxRows = training.heldOutRows};
  std::vector<TokenRows> train, heldOut;
  std::vector<double> shares;
  for (const auto &[name, share] : training.domains) {
    // What the steps use, and one for the rounding of each share (RowOrder.h).
    int64_t used = int64_t(double(training.options.steps * training.options.batch) * share) + 2;
    PackOptions pack{.length = recipe.length, .dropPartial = true, .maxRows = training.rows ? training.rows : used};
    train.push_back(readRows(recipe.domain(name).train, tokenizer, special, pack));
    heldOut.push_back(readRows(recipe.domain(name).valid, tokenizer, special, packHeldOut));
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

/// The student before training, the untrained baseline, and every function for who wants to look at the IR.
void Job::writeRewrites() {
  RunnableModel teacher = RunnableModel::open(run / "teacher");
  StudentSettings baseline = recipe.student;
  baseline.options["mixer"] = "window";
  writeStudent(teacher, baseline, {}, run / "window-sinks");
  AtomicDirectory folder(run / "ir");
  std::string origin = teacher.bundle.modelFile();
  writeTextFile(folder.path() / "teacher.mlir", teacher.mlir);
  writeTextFile(folder.path() / "student.mlir",
                rewriteModule(teacher.mlir, origin, "xlstm-student-pipeline{" + recipe.student.passOptions() + "}"));
  folder.commit();
}

void Job::align() {
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  Program program = teacher.derive("xlstm-build-align{" + recipe.student.passOptions() + "}");
  Corpus corpus = readCorpus(recipe.align);
  AlignResult result =
      alignStudent(program, teacher.params, corpus.train, corpus.heldOut, recipe.align.options, run / "align");
  writeStudent(teacher, recipe.student, result.trained, run / "aligned");
}

void Job::writeExpertTargets(const RecipeExpert &expert) {
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  TargetOptions options;
  options.k = std::min(recipe.topK, teacher.spec().results.at(0).shape.at(2));
  options.teacher = hashOf(teacher.params);
  writeTargets(teacher.forward, teacher.params, readCorpus(expert.training).train.rows, options, targets(expert));
}

void Job::distill(const RecipeExpert &expert) {
  RunnableModel aligned = RunnableModel::open(run / "aligned", device);
  Program program = aligned.derive("xlstm-build-distill{" + recipe.distillPass + "}");
  Corpus corpus = readCorpus(expert.training);
  DistillResult result = distillExpert(program, aligned.params, corpus.train, TargetStore::open(targets(expert)),
                                       corpus.heldOut, expert.training.options, run.path() / "experts" / expert.name);
  writeStudentBundle(aligned.mlir, result.params, aligned.bundle, "expert for " + expert.name, expertBundle(expert));
}

void Job::merge() {
  MergeConfig config;
  config.normalize = recipe.mergeWeights.empty();
  for (const RecipeExpert &expert : recipe.experts) {
    auto weight = recipe.mergeWeights.find(expert.name);
    if (config.normalize || weight != recipe.mergeWeights.end())
      config.models.push_back({expertBundle(expert), config.normalize ? 1 : weight->second});
  }
  mergeBundles(config, run / "merged");
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

void Job::execute() {
  run.stage("teacher", section("teacher"), [&] { importTeacherBundle(); });
  if (recipe.check)
    run.stage("check", section("check"), [&] { checkOtherExport(); });
  run.stage("rewrite", section("student"), [&] { writeRewrites(); });
  std::string data = section("domains") + section("length") + section("seed");
  run.stage("align", data + section("align"), [&] { align(); });
  for (const RecipeExpert &expert : recipe.experts) {
    std::string settings = section("distill") + section("experts");
    run.stage("targets-" + expert.name, settings, [&] { writeExpertTargets(expert); });
    run.stage("expert-" + expert.name, settings, [&] { distill(expert); });
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
    std::string device;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand(
      "distill", "Run a recipe: import, align, distil experts, merge, evaluate, compile. Goes on where it was stopped");
  verb->add_option("recipe", settings->recipe, "Recipe file (docs/Recipe.md)")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the run")->required();
  addDeviceOption(*verb, settings->device);
  verb->callback([settings] {
    Job(Recipe::read(settings->recipe), settings->output, settings->device).execute();
    auto place = [&](const fs::path &name) { return escapeControls((settings->output / name).string()); };
    std::cout << "results: " << place("eval/results.json") << "\nreport:  " << place("eval/report.html")
              << "\ntalk to it: " << place("chat") << " -p \"...\"\n";
  });
}

} // namespace xlstm
