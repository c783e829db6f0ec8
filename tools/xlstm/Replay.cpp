//===- Replay.cpp - xlstm replay: a step that went wrong, row by row ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Job.h"

#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Runtime/Train/Replay.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Number.h"
#include "xlstm/Support/Quote.h"

#include <iomanip>
#include <sstream>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

struct ReplaySettings {
  fs::path run;
  std::string stage, device;
  int64_t step = 0;
};

/// Stages of a run that left a batch, with the step.
std::map<std::string, int64_t> failures(const fs::path &run) {
  std::map<std::string, int64_t> found;
  auto look = [&](const std::string &stage, const fs::path &folder) {
    fs::path file = folder / failedName / "failed.json";
    std::error_code error;
    if (!fs::exists(file, error))
      return;
    Json failed = readJsonFile(file);
    if (!failed.is_object() || !failed.contains("step") || !failed["step"].is_number_integer())
      fail(file.string(), ": expected an object with an integer 'step'");
    found[stage] = failed["step"];
  };
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(run, error))
    if (std::string name = entry.path().filename().string(); name.starts_with("align") || name == "on-policy")
      look(name, entry.path());
  for (const fs::directory_entry &entry : fs::directory_iterator(run / "experts", error))
    look("expert-" + entry.path().filename().string(), entry.path());
  return found;
}

void choose(ReplaySettings &settings) {
  std::map<std::string, int64_t> found = failures(settings.run);
  if (settings.stage.empty() && found.size() != 1)
    fail(settings.run.string(), ": expected one stage that went wrong, found ", found.size(),
         "; name one, and a step, with --stage and --step");
  if (settings.stage.empty())
    settings.stage = found.begin()->first;
  if (settings.step == 0 && !found.contains(settings.stage))
    fail(settings.run.string(), ": expected a step that went wrong in stage '", settings.stage,
         "', found none; name one with --step");
  if (settings.step == 0)
    settings.step = found.at(settings.stage);
}

std::string textOf(const Json &number) {
  return number.is_number() ? shortest(number.get<double>()) : number.get<std::string>();
}

std::string tableOf(const Json &report, const std::string &stage) {
  std::ostringstream text;
  text << "step " << report.at("step") << " of " << stage << ", row by row:\n"
       << std::left << std::setw(10) << "row" << std::setw(8) << "tokens" << std::setw(24) << "loss" << std::setw(24)
       << "gradient norm"
       << "not finite in\n";
  for (const Json &row : report.at("rows")) {
    std::string names;
    for (const Json &name : row.at("not_finite"))
      names += (names.empty() ? "" : ", ") + name.get<std::string>();
    text << std::setw(10) << row.at("row").get<int64_t>() << std::setw(8) << row.at("tokens").get<int64_t>()
         << std::setw(24) << textOf(row.at("loss")) << std::setw(24) << textOf(row.at("grad_norm"))
         << (names.empty() ? "-" : names) << '\n';
  }
  return escapeControls(text.str(), "\n");
}

} // namespace

void addReplayCommand(CLI::App &app) {
  auto settings = std::make_shared<ReplaySettings>();
  CLI::App *verb = app.add_subcommand(
      "replay", "Run a stage of a run again up to the step that went wrong, and say which rows and weights it was");
  verb->add_option("run", settings->run, "Folder of the run")->required();
  verb->add_option("--stage", settings->stage, "Such as align or expert-math; default: the one that went wrong");
  verb->add_option("--step", settings->step, "Another step than the one that went wrong")->check(countWithin("steps"));
  addDeviceOption(*verb, settings->device);
  verb->callback([settings, verb] {
    RunOrigin origin = RunOrigin::read(settings->run);
    if (verb->count("--device") > 0 || origin.device.empty())
      origin.device = settings->device;
    choose(*settings);
    Recipe recipe = origin.readRecipe();
    RunFolder run(settings->run, RunFolder::Access::Work, FileHashes(settings->run / ".stages/hashes.json"));
    Job job(recipe, run, origin.device);
    writeOut(tableOf(job.replay(settings->stage, settings->step), settings->stage));
  });
}

} // namespace xlstm
