//===- Run.cpp - a compiled executable, whatever it runs on ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Model.h"
#include "runtime/Deploy/Verbs.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <cstdio>
#include <unistd.h>

namespace xlstm {

void checkOneText(const ModelNumbers &numbers) {
  if (numbers.batch != 1)
    fail("this model was compiled for ", numbers.batch, " texts at once, which only bench runs");
}

void addVerify(CLI::App &app, Backend &backend) {
  CLI::App *verb = app.add_subcommand("verify", "Check every byte of this executable");
  verb->callback([&backend] {
    CarriedModel::open(backend.numbers()).verify();
    writeOut("ok\n");
  });
}

static int runVerb(int argc, char **argv, const std::string &name, Backend &backend) {
  CLI::App app("A language model in one file: without a verb it continues a text.");
  app.set_version_flag("--version", [&backend] {
    CarriedModel model = CarriedModel::open(backend.numbers());
    std::string text = "xlstm " XLSTM_VERSION ", " + model.kind + " '" + model.name + "'\ntarget: " + model.target +
                       ", CPU " + model.cpu;
    for (size_t i = 0; i < model.features.size(); ++i)
      text += (i ? " " : " (") + model.features[i] + (i + 1 < model.features.size() ? "" : ")");
    if (std::string code = backend.code(); !code.empty())
      text += "\ncode for this machine: " + code;
    return escapeControls(text, "\n") + "\nmodel ABI: " + std::to_string(model.abi);
  });
  app.require_subcommand(0, 1);
  addGenerate(app, backend);
  addServe(app, backend);
  addBench(app, backend);
  addLogits(app, backend);
  addPerplexity(app, backend);
  addVerify(app, backend);
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError &error) {
    if (error.get_exit_code() == 0)
      return app.exit(error); // --help, --version
    std::fprintf(stderr, "%s: error: %s (see --help)\n", name.c_str(), escapeControls(error.what()).c_str());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), escapeControls(error.what()).c_str());
    return 1;
  }
}

int runExecutable(int argc, char **argv, Backend &backend) {
  openStandardStreams();
  std::string name = std::filesystem::path(argv[0] ? argv[0] : "").filename();
  return runTool(name, [&] { return runVerb(argc, argv, name, backend); });
}

} // namespace xlstm
