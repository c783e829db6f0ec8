//===- Job.cpp - what the stages of a recipe do ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Job.h"
#include "MachineSpeed.h"
#include "MergeTune.h"
#include "Preflight.h"
#include "Speed.h"
#include "StepCost.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Eval/Report.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Runtime/Train/Lora.h"
#include "xlstm/Runtime/Train/Replay.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace fs = std::filesystem;

namespace xlstm {

Job::Job(const Recipe &recipe, RunFolder &run, const std::string &device) : recipe(recipe), run(run), device(device) {
  run.device = device;
  run.setStages(stages());
}

/// Rank 0 begins what all ranks do together.
static void callOthers(const std::string &stage) {
  if (Group::world().isFirst())
    Group::world().call(stage);
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
    inputs.domains.emplace_back(domain.name, domain.trainFiles());
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

/// What a student of this run says of its origin. The data of a domain is what its corpora hold now.
Lineage Job::lineage(const std::string &stage, const RecipeTraining &training, const RecipeExpert &expert) {
  Lineage result{
      hashOfTensors(Bundle::open(run / "teacher", BundleCheck::SmallFiles).weights), "", stage, recipe.seed, {}};
  if (stage == "expert" && recipe.alignsEach) // what all of them began at
    result.start = result.teacher;
  else if (stage == "expert")
    result.start = hashOfTensors(Bundle::open(run / "aligned", BundleCheck::SmallFiles).weights);
  for (const auto &[name, share] : training.domains)
    result.data[name] = run.hashes().of(recipe.domain(name).trainFiles());
  if (stage == "expert" && (!expert.from.empty() || recipe.alignsEach))
    if (auto before = Bundle::open(startBundle(expert), BundleCheck::SmallFiles).lineage)
      result.data.insert(before->data.begin(), before->data.end());
  return result;
}

/// It begins where the merged student is.
Lineage Job::onPolicyLineage() {
  Bundle merged = Bundle::open(run / "merged", BundleCheck::SmallFiles);
  Lineage result = merged.lineage.value_or(Lineage());
  result.start = hashOfTensors(merged.weights);
  result.stage = onPolicyName;
  for (const auto &[name, share] : recipe.onPolicy->training.domains)
    result.data[name] = run.hashes().of(recipe.domain(name).trainFiles());
  return result;
}

double Job::deviceOperations(const std::string &precision) {
  if (matrixOperations == 0)
    matrixOperations = double(Group::world().size()) * matrixRate(openDevice(device), precision);
  return matrixOperations;
}

void Job::align(const RecipeExpert &expert) {
  callOthers(alignName(expert));
  RecipeTraining training = recipe.alignmentOf(expert);
  training.options.deviceOperations = deviceOperations(training.options.precision);
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  std::string origin = teacher.bundle.modelFile();
  ModelDescription converted = describeModel(
      rewriteModule(teacher.mlir, origin, "xlstm-linearize{" + student().passOptions() + "}"), origin);
  training.options.tokenOperations = alignOperations(describeModel(teacher.mlir, origin), converted, recipe.length);
  auto build = [&](const std::vector<double> &energies) {
    return teacher.derive(alignPass(student().passOptions(), energies), training.options.passes("align"));
  };
  Corpus corpus = readCorpus(training);
  training.options.replayStep = replayStep;
  AlignResult result = alignStudent(build, std::exchange(teacher.params, {}), corpus.train, corpus.heldOut,
                                    training.options, run / alignName(expert));
  if (!Group::world().isFirst())
    return;
  teacher = RunnableModel::open(run / "teacher");
  writeStudent(teacher, student(), result.trained, run / alignedName(expert), lineage("aligned", training, expert));
}

struct Job::StudentTraining {
  const RecipeTraining &training;
  fs::path start;
  std::string build, then; // passes (RunnableModel::derive)
  std::unique_ptr<TargetSource> source;
  fs::path folder, bundle;
  std::string name; // of the bundle's source
  std::function<Lineage()> lineage;
  const WriteOptions *write = nullptr; // where the student writes what it is trained on
};

void Job::trainStudent(const StudentTraining &what) {
  TrainOptions options = what.training.options;
  if (!what.write)
    options.deviceOperations = deviceOperations(options.precision);
  RunnableModel student = RunnableModel::open(what.start, device);
  Program program = student.derive(what.training.adapterPass() + what.build, what.then);
  Corpus corpus = readCorpus(what.training);
  auto load = [&] { // those that are there, which are not needed beside what is trained of them
    ParamMap params = std::exchange(student.params, {});
    return params.empty() ? RunnableModel::open(what.start, device).params : params;
  };
  if (!what.write)
    options.tokenOperations =
        distillOperations(describeModel(student.mlir, student.bundle.modelFile()), recipe.length, options.trained);
  options.replayStep = replayStep;
  if (options.scoreEvery > 0)
    options.score = taskScores(student, options);
  std::optional<StudentWriter> writer;
  if (what.write)
    writer.emplace(program, *what.write, options.seed);
  DistillResult result = distillExpert(program, load, corpus.train, *what.source, corpus.heldOut, options, what.folder,
                                       writer ? &*writer : nullptr);
  if (Group::world().isFirst())
    writeStudentBundle(student.mlir, result.params, student.bundle, what.name, what.bundle, what.lineage());
}

void Job::distill(const RecipeExpert &expert) {
  callOthers("expert-" + expert.name);
  trainStudent({expert.training, startBundle(expert), "xlstm-build-distill{" + recipe.distillPass + "}",
                expert.training.options.passes("distill"), targetSource(expert), run.path() / "experts" / expert.name,
                expertBundle(expert), "expert for " + expert.name,
                [&] { return lineage("expert", expert.training, expert); }});
}

void Job::trainOnPolicy() {
  callOthers(onPolicyName);
  const RecipeOnPolicy &onPolicy = *recipe.onPolicy;
  const TrainOptions &options = onPolicy.training.options;
  WriteOptions write = onPolicy.write;
  write.ends = Encoder::load(run / "merged").vocabulary().eos;
  std::string context = "context=" + std::to_string(write.length()), then = options.passes("distill");
  if (std::string precision = options.precisionPass("prefill,decode"); !precision.empty())
    then += "," + precision;
  trainStudent({onPolicy.training, run / "merged",
                "xlstm-build-distill{ce-weight=0 kl-weight=1 kl-mode=tail},xlstm-build-prefill{" + context +
                    " logits=last},xlstm-build-decode{" + context + "}",
                then, onlineTeacher(onPolicy.topK), run / onPolicyName, run / studentName(),
                "merged, trained on its own text", [&] { return onPolicyLineage(); }, &write});
}

/// Scores of the recipe's tasks while a student trains.
std::function<Json(const ParamMap &)> Job::taskScores(const RunnableModel &student, const TrainOptions &options) const {
  auto tasks = std::make_shared<std::vector<Task>>(readTasks(recipe.eval));
  auto vocabulary = std::make_shared<Encoder>(Encoder::load(student.bundle.folder));
  double scale = options.lora.scale();
  auto functions = std::make_shared<RunnableModel>(student);
  return [=](const ParamMap &params) {
    functions->params.clear();
    for (const auto &[name, param] : params) // adapters are merged into what they stand beside
      functions->params[name] = param.detach().to(at::kFloat).clone();
    mergeLora(functions->params, scale);
    LoadedModel loaded = asLoaded(functions);
    Json scores = Json::object();
    for (const Task &task : *tasks)
      scores[task.name] = runTask(loaded, vocabulary->vocabulary(), task).metrics.at(task.metric());
    functions->params.clear();
    return Json{{"tasks", scores}};
  };
}

MergeConfig Job::mergeConfig() const {
  const RecipeMerge &merge = recipe.merge;
  MergeConfig config;
  config.method = merge.method;
  config.shared = {merge.parameters};
  static_cast<MergeTypes &>(config) = merge;
  std::vector<const RecipeExpert *> experts = recipe.mergedExperts();
  for (const RecipeExpert *expert : experts) {
    auto weight = merge.weights.find(expert->name);
    if (merge.weights.empty())
      config.models.push_back({expertBundle(*expert), {{"weight", 1 / double(experts.size())}}});
    else if (weight != merge.weights.end())
      config.models.push_back({expertBundle(*expert), {{"weight", weight->second}}});
  }
  if (isOfTaskVectors(merge.method))
    config.base = run / (recipe.makesMergeBase() ? "merge-base" : "aligned");
  if (merge.method == MergeMethod::Slerp)
    config.base = config.models.front().folder;
  return config;
}

/// The mean of the aligned students: differences to it are what is left of stage II, and of what stages I disagree in.
void Job::writeMergeBase() {
  MergeConfig config;
  std::vector<const RecipeExpert *> roots = mergedRoots();
  for (const RecipeExpert *root : roots)
    config.models.push_back({run / alignedName(*root), {{"weight", 1 / double(roots.size())}}});
  writeMerge(config, run / "merge-base");
}

/// What is tuned is tuned on the valid splits.
void Job::merge() {
  if (recipe.merge.tune.empty())
    return writeMerge(mergeConfig(), run / "merged");
  TuneInputs inputs{recipe.merge.tune == "tasks", recipe.eval, recipe.merge.trials};
  inputs.eval.device = device;
  inputs.eval.domains.clear();
  for (const RecipeDomain &domain : recipe.domains)
    inputs.eval.domains.push_back({domain.name, domain.valid, "valid"});
  mergeTuned(mergeConfig(), inputs, run / "merged");
}

void Job::evaluate() {
  callOthers("eval");
  std::vector<NamedBundle> models;
  for (const char *name : {"teacher", "window-sinks"})
    models.push_back({name, run / name});
  for (const RecipeExpert &expert : recipe.experts)
    if (std::string name = alignedName(expert);
        models.back().name != name && std::ranges::find(models, name, &NamedBundle::name) == models.end())
      models.push_back({name, run / name});
  for (const RecipeExpert &expert : recipe.experts)
    models.push_back({"expert-" + expert.name, expertBundle(expert)});
  models.push_back({"merged", run / "merged"});
  if (recipe.onPolicy)
    models.push_back({studentName(), run / studentName()});
  EvalInputs inputs = recipe.eval;
  inputs.student = studentName();
  inputs.device = device;
  evaluateBundles(models, inputs, run / "eval");
}

CompileOptions Job::compileOptions() const {
  CompileOptions options;
  options.cpu = recipe.cpu;
  options.prefillTokens = recipe.prefillTokens;
  return options;
}

void Job::compile() { compileBundle(run / studentName(), run / "chat", compileOptions()); }

void Job::measureSpeeds() {
  measureSpeed(run / "teacher", run / "chat", {recipe.speedLengths, compileOptions()}, run / "eval/speed.json");
}

/// What a finished stage was made from; bundles have what was trained.
void Job::dropLeftovers() {
  dropTargets();
  for (const std::string &name : alignNames())
    if (!recipe.keepCheckpoints && run.isDone(name))
      run.discard(fs::path(name) / "checkpoints");
  for (const RecipeExpert &expert : recipe.experts) {
    if (!run.isDone("expert-" + expert.name))
      continue;
    if (!recipe.keepCheckpoints)
      for (const char *part : {"checkpoints", "best"})
        run.discard(fs::path("experts") / expert.name / part);
  }
  if (recipe.onPolicy && !recipe.keepCheckpoints && run.isDone(onPolicyName))
    for (const char *part : {"checkpoints", "best"})
      run.discard(fs::path(onPolicyName) / part);
}

void Job::ensure(const std::string &stage, const std::set<std::string> &only) {
  run.ensure(stage, only);
  dropLeftovers();
}

void Job::finish() {
  writeTextFile(run / "recipe.yaml", recipe.text);
  writeReport(run.path());
  run.hashes().save();
}

void Job::execute() {
  openDevice(device); // now, not after the first stages
  ensure("teacher");
  if (!run.isDone(alignNames().front()))
    checkTeacher(recipe, run / "teacher", run.path());
  for (const Stage &stage : run.stages())
    if (stage.name != "teacher")
      ensure(stage.name);
  finish();
}

void Job::join(const std::string &stage) {
  if (stage == "eval")
    return evaluate();
  if (stage == onPolicyName && recipe.onPolicy)
    return trainOnPolicy();
  for (const RecipeExpert &expert : recipe.experts) {
    if (stage == alignName(expert))
      return align(expert);
    if (stage == "targets-" + expert.name)
      return writeExpertTargets(expert);
    if (stage == "expert-" + expert.name)
      return distill(expert);
  }
  fail("stage '", stage, "' was called for by rank 0, which has another recipe");
}

Json Job::replay(const std::string &stage, int64_t step) {
  openDevice(device);
  replayStep = step;
  try {
    for (const RecipeExpert &expert : recipe.experts) {
      if (stage == "expert-" + expert.name)
        distill(expert);
      if (stage == alignName(expert))
        align(expert);
    }
    if (stage == onPolicyName && recipe.onPolicy)
      trainOnPolicy();
  } catch (const Replayed &replayed) {
    return replayed.report;
  }
  fail(run.path().string(), ": there is no stage '", stage, "' that trains");
}

void Job::patch(const std::string &expert) {
  openDevice(device);
  std::set<std::string> only = {
      "targets-" + expert, "expert-" + expert, "merge", onPolicyName, "compile", "speed", "eval"};
  for (const Stage &stage : run.stages())
    if (only.contains(stage.name))
      ensure(stage.name, only);
  finish();
}

} // namespace xlstm
