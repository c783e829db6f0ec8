//===- Distill.cpp - xlstm distill, status and patch: the main job --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Estimate.h"
#include "EstimateRanks.h"
#include "Job.h"
#include "Preflight.h"
#include "Ranks.h"

#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Nearest.h"
#include "xlstm/Support/Quote.h"

#include <iomanip>
#include <sstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace xlstm {

RunOrigin RunOrigin::read(const fs::path &run) {
  fs::path file = fileIn(run);
  Json found = findJsonFile(file);
  if (found.is_null())
    fail(run.string(), ": expected the folder of a run, found none");
  RunOrigin origin;
  for (auto [key, value] :
       {std::pair("precision", &origin.precision), {"device", &origin.device}, {"looked", &origin.looked}})
    if (found.is_object() && found.contains(key) && found[key].is_string())
      *value = found[key];
  if (!found.is_object() || !found.contains("recipe") || !found["recipe"].is_string())
    fail(file.string(), ": expected an object with a string 'recipe'");
  origin.recipe = found["recipe"].get<std::string>();
  return origin;
}

void RunOrigin::write(const fs::path &run) const {
  Json json = {{"recipe", recipe.string()}, {"precision", precision}, {"device", device}, {"looked", looked}};
  writeTextFile(fileIn(run), json.dump(1) + "\n");
}

Recipe RunOrigin::readRecipe() const {
  Recipe read = Recipe::read(recipe);
  if (!precision.empty())
    read.setPrecision(precision);
  else if (!read.saysPrecision)
    read.setPrecision(device == "cuda" ? "bf16" : "f32");
  return read;
}

static std::string lookedBefore(const fs::path &run) {
  std::error_code error;
  return fs::exists(RunOrigin::fileIn(run), error) ? RunOrigin::read(run).looked : "";
}

/// The part of a rank behind the first in what that calls. The folder has what it wrote of it before.
static void join(const RunOrigin &origin, const fs::path &output, const std::string &stage) {
  Recipe recipe = origin.readRecipe();
  RunFolder run(output, RunFolder::Access::Look, FileHashes(output / ".stages/hashes.json"));
  Job(recipe, run, origin.device).join(stage);
}

/// The recipe, which must give each of the ranks something to do.
static Recipe readRecipeFor(const RunOrigin &origin, int64_t ranks) {
  Recipe recipe = origin.readRecipe();
  checkBatch(origin.recipe, "align", recipe.align.options, ranks);
  for (const RecipeExpert &expert : recipe.experts)
    checkBatch(origin.recipe, "distill", expert.training.options, ranks);
  if (recipe.onPolicy)
    checkBatch(origin.recipe, "on_policy", recipe.onPolicy->training.options, ranks);
  return recipe;
}

/// Runs the recipe, or patches one of its experts.
static void work(RunOrigin origin, const fs::path &output, const std::string &expert = "") {
  Recipe recipe = readRecipeFor(origin, Group::world().size());
  FileHashes hashes(output / ".stages/hashes.json");
  origin.looked = checkRun(recipe, output, hashes, lookedBefore(output));
  RunFolder run(output, RunFolder::Access::Work, std::move(hashes));
  Job job(recipe, run, origin.device);
  origin.write(output);
  run.hashes().save();
  if (expert.empty())
    job.execute();
  else
    job.patch(expert);
  auto place = [&](const fs::path &name) { return escapeControls((output / name).string()); };
  tell(STDOUT_FILENO, "results: " + place("eval/results.json") + "\nreport:  " + place("eval/report.html") +
                          "\ntalk to it: " + place("chat") + " -p \"...\"\n");
}

void addDistillCommand(CLI::App &app) {
  struct Settings {
    fs::path recipe, output;
    std::string device, precision;
    bool dryRun = false;
    RankSettings ranks;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand(
      "distill", "Run a recipe: import, align, distil experts, merge, evaluate, compile. Goes on where it was stopped");
  verb->add_option("recipe", settings->recipe, "Recipe file (docs/Recipe.md)")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the run; required but for --dry-run");
  verb->add_flag("--dry-run", settings->dryRun,
                 "Only check the recipe and say what tokens, time, disk and memory each stage needs");
  addDeviceOption(*verb, settings->device);
  settings->ranks.addOptions(*verb);
  verb->add_option("--precision", settings->precision, "Type in which training computes, over the recipe's")
      ->check(CLI::IsMember(Recipe::precisions()));
  verb->callback([settings, verb] {
    settings->device = settings->ranks.deviceOr(settings->device);
    RunOrigin origin{fs::absolute(settings->recipe), settings->precision, settings->device, ""};
    if (settings->dryRun) {
      int64_t ranks = std::max<int64_t>(1, settings->ranks.count());
      Recipe recipe = readRecipeFor(origin, ranks);
      checkShares(recipe.domains);
      MachineSpeed speed = MachineSpeed::measure(settings->device, recipe.align.options.precision);
      return writeOut(estimateText(estimateRun(recipe, ranks), speed));
    }
    if (verb->count("--output") == 0) {
      origin.readRecipe();
      throw CLI::RequiredError("--output");
    }
    workTogether(
        settings->ranks, settings->device, [&] { work(origin, settings->output); },
        [&](const std::string &stage) { join(origin, settings->output, stage); });
  });
}

static std::string wordFor(StageState state, bool isBusy) {
  switch (state) {
  case StageState::New:
    return "to do";
  case StageState::Unfinished:
    return isBusy ? "running" : "unfinished";
  case StageState::Done:
    return "done";
  case StageState::Stale:
    return "stale";
  case StageState::Damaged:
    return "damaged";
  }
  return "";
}

/// A line a stage; what follows from one that is to be done may come out the same and be kept.
static std::string statusText(RunFolder &run) {
  std::ostringstream text;
  std::set<std::string> open;
  for (const Stage &stage : run.stages()) {
    StageStatus status = run.status(stage.name);
    std::string word = wordFor(status.state, run.isBusy()), after;
    for (const std::string &read : stage.reads)
      if (open.contains(read))
        after += (after.empty() ? "" : ", ") + read;
    if (status.state != StageState::Done || !after.empty())
      open.insert(stage.name);
    if (status.state == StageState::Done && !after.empty())
      word = "waits";
    text << std::left << std::setw(24) << stage.name << std::setw(12) << word
         << (!status.reason.empty() ? status.reason
             : after.empty()        ? ""
                                    : "after " + after)
         << '\n';
  }
  return text.str();
}

void addStatusCommand(CLI::App &app) {
  auto folder = std::make_shared<fs::path>();
  CLI::App *verb = app.add_subcommand("status", "Show the stages of a run: done, running, stale, damaged or to do");
  verb->add_option("run", *folder, "Folder of the run")->required();
  verb->callback([folder] {
    RunOrigin origin = RunOrigin::read(*folder);
    Recipe recipe = origin.readRecipe();
    RunFolder run(*folder, RunFolder::Access::Look, FileHashes(*folder / ".stages/hashes.json"));
    Job job(recipe, run, "cpu");
    writeOut(escapeControls("recipe: " + origin.recipe.string()) + "\n" + statusText(run));
  });
}

void addPatchCommand(CLI::App &app) {
  struct Settings {
    fs::path run;
    std::string expert, device;
    RankSettings ranks;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb =
      app.add_subcommand("patch", "Train one expert of a run anew, as its recipe says now, then merge, compile, score");
  verb->add_option("run", settings->run, "Folder of the run")->required();
  verb->add_option("--expert", settings->expert, "Name of the expert")->required();
  addDeviceOption(*verb, settings->device);
  settings->ranks.addOptions(*verb);
  verb->callback([settings, verb] {
    RunOrigin origin = RunOrigin::read(settings->run);
    if (verb->count("--device") > 0 || origin.device.empty())
      origin.device = settings->device;
    origin.device = settings->ranks.deviceOr(origin.device);
    std::vector<std::string> names;
    for (const RecipeExpert &expert : origin.readRecipe().experts)
      names.push_back(expert.name);
    if (std::ranges::find(names, settings->expert) == names.end())
      fail(origin.recipe.string(), ": expected an expert of the recipe, found ", quote(settings->expert),
           didYouMean(settings->expert, names));
    workTogether(
        settings->ranks, origin.device, [&] { work(origin, settings->run, settings->expert); },
        [&](const std::string &stage) { join(origin, settings->run, stage); });
  });
}

} // namespace xlstm
