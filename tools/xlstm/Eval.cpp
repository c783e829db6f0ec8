//===- Eval.cpp - xlstm eval and report: how much of the teacher survived -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Evaluation.h"
#include "Models.h"
#include "NamedFiles.h"

#include "xlstm/Runtime/Data/Encoder.h"
#include "xlstm/Runtime/Eval/Report.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <iterator>

namespace fs = std::filesystem;

namespace xlstm {

static Program stateful(const RunnableModel &model, int64_t context, bool allLogits) {
  std::string keys = "context=" + std::to_string(context);
  return model.derive("xlstm-build-prefill{" + keys + " logits=" + (allLogits ? "all" : "last") +
                      "},xlstm-build-decode{" + keys + "}");
}

LoadedModel asLoaded(std::shared_ptr<const RunnableModel> model) {
  auto derive = [model](int64_t context, bool allLogits) { return stateful(*model, context, allLogits); };
  return LoadedModel{model->forward, derive, model->params};
}

EvalDomain domainOf(const std::string &text) {
  NamedFile named = namedFile(text);
  return {named.name, findCorpus(named.file.string())};
}

std::vector<Domain> readDomains(const EvalInputs &inputs, const Encoder &encoder) {
  std::vector<Domain> domains;
  for (const EvalDomain &domain : inputs.domains)
    domains.push_back({domain.name, readTexts(domain.files, encoder)});
  return domains;
}

std::vector<Task> readTasks(const EvalInputs &inputs) {
  std::vector<Task> tasks;
  for (const fs::path &file : inputs.tasks)
    tasks.push_back(loadTask(file, inputs.items));
  return tasks;
}

static EvalModel evalModel(const NamedBundle &named, const std::string &device) {
  std::string mlir = readTextFile(Bundle::open(named.folder, BundleCheck::SmallFiles).modelFile());
  auto load = [folder = named.folder, device] {
    return asLoaded(std::make_shared<RunnableModel>(RunnableModel::open(folder, device)));
  };
  return {named.name, load, mlir};
}

void evaluateBundles(const std::vector<NamedBundle> &models, const EvalInputs &inputs, const fs::path &folder) {
  std::vector<fs::path> read = inputs.tasks;
  for (const NamedBundle &model : models)
    read.push_back(model.folder);
  for (const EvalDomain &domain : inputs.domains)
    std::ranges::copy(domain.files.paths, std::back_inserter(read));
  checkOutput(folder, OutputKind::KeptFolder, read);
  std::vector<EvalModel> evalModels;
  for (const NamedBundle &named : models)
    evalModels.push_back(evalModel(named, inputs.device));
  Encoder encoder = Encoder::load(models.at(0).folder);
  std::vector<Domain> domains = readDomains(inputs, encoder);
  std::vector<Task> tasks = readTasks(inputs);
  EvaluationSettings settings;
  settings.pieceTokens = inputs.pieceTokens;
  settings.tokenLimit = inputs.tokens;
  settings.teacher = models.at(0).name;
  settings.student = inputs.student;
  settings.countText = inputs.countText;
  for (const EvalDomain &domain : inputs.domains)
    if (!domain.split.empty())
      settings.splits[domain.name] = domain.split;
  evaluateModels(evalModels, encoder.vocabulary(), domains, tasks, settings, folder);
}

void addEvalCommand(CLI::App &app) {
  struct Settings {
    std::vector<std::string> models, domains;
    EvalInputs inputs;
    fs::path output;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("eval", "Score bundles on held-out text and tasks; the first one is the teacher");
  verb->add_option("bundles", settings->models, "Bundles, each as FOLDER or NAME=FOLDER")->required();
  verb->add_option("-o,--output", settings->output, "Folder for results.json and one folder a model")->required();
  verb->add_option(
      "--domain", settings->domains,
      "Held-out corpus as NAME=PATH: a file, .txt or .jsonl, also .xz, .gz or .zst, a folder or a pattern; repeatable");
  verb->add_option("--task", settings->inputs.tasks, "Task file, JSON lines; repeatable");
  verb->add_option("--tokens", settings->inputs.tokens, "Tokens to score a domain")
      ->check(countWithin("tokens"))
      ->default_val(32768);
  verb->add_option("--items", settings->inputs.items, "Items to score a task")
      ->check(countWithin("items"))
      ->default_val(100);
  verb->add_option("--piece", settings->inputs.pieceTokens, "Tokens of a piece of text")
      ->check(countWithin("piece"))
      ->capture_default_str();
  verb->add_flag("--count-text", settings->inputs.countText,
                 "Count the domains' bits per byte in C_alpha and alpha*, too");
  verb->add_flag_callback(
      "--full", [settings] { settings->inputs.tokens = settings->inputs.items = -1; }, "All tokens and all items");
  addDeviceOption(*verb, settings->inputs.device);
  verb->callback([settings] {
    if (settings->domains.empty() && settings->inputs.tasks.empty())
      throw CLI::RequiredError("--domain or --task");
    settings->inputs.tokens = std::max<int64_t>(settings->inputs.tokens, 0);
    settings->inputs.items = std::max<int64_t>(settings->inputs.items, 0);
    std::vector<NamedBundle> bundles;
    for (const std::string &text : settings->models)
      bundles.push_back({namedFile(text).name, namedFile(text).file});
    for (const std::string &text : settings->domains)
      settings->inputs.domains.push_back(domainOf(text));
    evaluateBundles(bundles, settings->inputs, settings->output);
  });
}

void addReportCommand(CLI::App &app) {
  auto run = std::make_shared<fs::path>();
  CLI::App *verb = app.add_subcommand("report", "Make eval/report.html of a run's folder anew");
  verb->add_option("run", *run, "Folder that xlstm distill wrote")->required();
  verb->callback([run] { writeReport(*run); });
}

} // namespace xlstm
