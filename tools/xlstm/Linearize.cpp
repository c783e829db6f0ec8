//===- Linearize.cpp - xlstm linearize: an untrained student --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Pipelines/MixerOptions.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

static CLI::Option *addText(CLI::App &verb, const std::string &flag, const std::string &meaning,
                            StudentSettings &settings) {
  auto set = [&settings, flag](const std::string &value) { settings.options[flag] = value; };
  return verb.add_option_function<std::string>("--" + flag, set, meaning);
}

static void addMixerOption(CLI::App &verb, const MixerOption &option, StudentSettings &settings) {
  CLI::Option *flag = addText(verb, option.flag(), option.meaning, settings)->default_str(option.defaultText);
  if (option.kind == MixerOption::Kind::Choice)
    flag->check(CLI::IsMember(option.choices));
  else if (option.kind == MixerOption::Kind::Count)
    flag->check(CLI::TypeValidator<int64_t>("INT"));
  else
    flag->check(within(rangeOf("gate_bias").least, rangeOf("gate_bias").most));
}

/// Before the weights are read.
static void checkCounts(const StudentSettings &settings) {
  for (const MixerOption &option : mixerOptions()) {
    auto given = settings.options.find(option.flag());
    if (given == settings.options.end() || option.kind != MixerOption::Kind::Count)
      continue;
    if (std::string reason = mixerOptionError(option, given->second); !reason.empty())
      fail("--", option.flag(), ": ", reason);
  }
}

void addLinearizeCommand(CLI::App &app) {
  struct Settings : StudentSettings {
    std::filesystem::path teacher, output;
  };
  auto settings = std::make_shared<Settings>();
  CLI::App *verb = app.add_subcommand("linearize", "Replace a teacher's attention; the student is untrained");
  verb->add_option("teacher", settings->teacher, "Bundle of the teacher")->required();
  verb->add_option("-o,--output", settings->output, "Folder of the student's bundle")->required();
  for (const MixerOption &option : mixerOptions())
    addMixerOption(*verb, option, *settings);
  addText(*verb, "layers", "Layers to convert, such as 0,2,3; default: all with full attention", *settings);
  addText(*verb, "keep-heads", "Query heads that stay attention, such as 5:2,3;7:0, or a file of xlstm heads; default: none",
          *settings);
  verb->add_flag_callback(
      "--convert-sliding", [settings] { settings->options["convert-sliding"] = "true"; },
      "Convert the teacher's own sliding layers too");
  verb->callback([settings] {
    checkCounts(*settings);
    checkBundleOutput(settings->output, {settings->teacher});
    writeStudent(RunnableModel::open(settings->teacher), *settings, {}, settings->output);
  });
}

} // namespace xlstm
