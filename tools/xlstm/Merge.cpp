//===- Merge.cpp - xlstm merge: experts become one student ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "MergeTune.h"
#include "Models.h"

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Quote.h"

#include <iostream>

namespace xlstm {
namespace {

struct MergeCommand {
  std::filesystem::path config, output;
  bool allowNonFinite = false;
  int64_t seed = 0;
  std::string tune; // "loss", "tasks"; empty: not tuned
  std::vector<std::string> domains;
  TuneInputs inputs;

  void run();
};

} // namespace

void MergeCommand::run() {
  checkBundleOutput(output, {config});
  MergeConfig merge = readMergeConfig(config);
  merge.allowNonFinite = allowNonFinite;
  merge.seed = seed;
  for (const std::string &warning : merge.warnings)
    std::cerr << "xlstm: warning: " << escapeControls(warning) << '\n';
  if (tune.empty())
    return writeMerge(merge, output);
  inputs.byTasks = tune == "tasks";
  for (const std::string &text : domains)
    inputs.eval.domains.push_back(domainOf(text));
  mergeTuned(merge, inputs, output);
}

void addMergeCommand(CLI::App &app) {
  auto command = std::make_shared<MergeCommand>();
  CLI::App *verb = app.add_subcommand(
      "merge", "Merge bundles of one architecture: linear, task_arithmetic, ties, dare_linear, dare_ties, slerp");
  EvalInputs &eval = command->inputs.eval;
  verb->add_option("config", command->config, "YAML in mergekit's form (docs/Merging.md)")->required();
  verb->add_option("-o,--output", command->output, "Folder of the merged bundle")->required();
  verb->add_option("--seed", command->seed, "Of what DARE drops")->check(countWithin("seed"))->capture_default_str();
  verb->add_option(
          "--tune", command->tune,
          "Search the models' shares (linear), lambda, or t (slerp): by loss on --domain, or by tasks on --task")
      ->check(CLI::IsMember({"loss", "tasks"}));
  verb->add_option("--domain", command->domains, "Held-out corpus to tune on as NAME=FILE; repeatable");
  verb->add_option("--task", eval.tasks, "Task file to tune on, JSON lines; repeatable");
  verb->add_option("--tokens", eval.tokens, "Tokens to score a domain")
      ->check(countWithin("tokens"))
      ->default_val(32768);
  verb->add_option("--items", eval.items, "Items to score a task")->check(countWithin("items"))->default_val(100);
  verb->add_option("--trials", command->inputs.trials, "Merges to try at most")
      ->check(countWithin("trials"))
      ->capture_default_str();
  addDeviceOption(*verb, eval.device);
  addNonFiniteFlag(*verb, command->allowNonFinite);
  verb->callback([command] {
    if (command->tune == "loss" && command->domains.empty())
      throw CLI::RequiredError("--domain");
    if (command->tune == "tasks" && command->inputs.eval.tasks.empty())
      throw CLI::RequiredError("--task");
    command->run();
  });
}

} // namespace xlstm
