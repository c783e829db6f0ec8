//===- Recall.cpp - xlstm recall: facts planted in a text, asked for again -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Evaluation.h"
#include "Models.h"
#include "NamedFiles.h"

#include "xlstm/Runtime/Eval/Heads.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Progress.h"

#include <iomanip>
#include <sstream>

namespace fs = std::filesystem;

namespace xlstm {

namespace {

struct RecallSettings {
  std::vector<NamedFile> models;
  std::vector<EvalDomain> domains;
  std::vector<int64_t> lengths = {1024};
  int64_t facts = 24, window = 512;
  std::string device = "cpu";
  fs::path output;
};

} // namespace

static std::vector<PackedText> probesOf(const RecallSettings &settings) {
  Encoder encoder = Encoder::load(settings.models.at(0).file);
  std::vector<std::string> documents;
  for (const EvalDomain &domain : settings.domains)
    for (std::string &document : readTexts(domain.files, encoder))
      documents.push_back(std::move(document));
  std::vector<PackedText> probes;
  for (int64_t length : settings.lengths)
    probes.push_back(
        makeRecallProbes(encoder.vocabulary(), documents, settings.facts, length, settings.window, /*seed=*/2));
  return probes;
}

static Json scoreRecall(const RecallSettings &settings) {
  std::vector<PackedText> probes = probesOf(settings);
  Progress progress("recall", int64_t(settings.models.size() * probes.size()), 0);
  Json models = Json::array();
  for (const auto &[name, folder] : settings.models) {
    RunnableModel model = RunnableModel::open(folder, settings.device);
    Json lengths = Json::array();
    for (const PackedText &rows : probes) {
      RowScore score = scoreRows(model.forward, model.params, rows);
      lengths.push_back({{"length", rows.ids_RT.size(1)}, {"whole", score.whole}, {"nats", score.nats}});
      progress.advance(1, name);
    }
    models.push_back({{"name", name}, {"lengths", lengths}});
  }
  return {{"facts", settings.facts}, {"window", settings.window}, {"models", models}};
}

static std::string tableOf(const Json &recall) {
  std::ostringstream table;
  size_t wide = 8;
  for (const Json &model : recall.at("models"))
    wide = std::max(wide, model.at("name").get<std::string>().size() + 2);
  table << std::left << std::setw(int(wide)) << "tokens" << std::right << std::fixed << std::setprecision(2);
  for (const Json &length : recall.at("models").at(0).at("lengths"))
    table << std::setw(16) << length.at("length").get<int64_t>();
  for (const Json &model : recall.at("models")) {
    table << '\n' << std::left << std::setw(int(wide)) << model.at("name").get<std::string>() << std::right;
    for (const Json &length : model.at("lengths"))
      table << std::setw(8) << length.at("whole").get<double>() << " (" << std::setw(5)
            << length.at("nats").get<double>() << ")";
  }
  table << "\nshare of facts given whole (nats a token of the answer), " << recall.at("facts") << " facts a length\n";
  return table.str();
}

void addRecallCommand(CLI::App &app) {
  auto settings = std::make_shared<RecallSettings>();
  auto models = std::make_shared<std::vector<std::string>>(), domains = std::make_shared<std::vector<std::string>>();
  CLI::App *verb = app.add_subcommand(
      "recall", "Plant facts in your own text and ask for them again: how many each bundle finds (docs/Heads.md)");
  verb->add_option("bundles", *models, "Bundles of one tokenizer, each as FOLDER or NAME=FOLDER")->required();
  verb->add_option("--domain", *domains,
                   "Text as NAME=FILES: a file, a folder or a pattern (docs/Recipe.md, Corpora); repeatable")
      ->required();
  verb->add_option("--lengths", settings->lengths, "Tokens of a row, such as 1024,4096,8192")
      ->delimiter(',')
      ->check(CLI::Range(int64_t(2), int64_t(1) << 24))
      ->capture_default_str();
  auto count = [&](const char *flag, int64_t &value, const char *meaning) {
    verb->add_option(flag, value, meaning)->check(CLI::Range(int64_t(1), int64_t(1) << 24))->capture_default_str();
  };
  count("--facts", settings->facts, "Facts a length");
  count("--window", settings->window, "Tokens at least between a fact and its question: the student's window");
  verb->add_option("-o,--output", settings->output, "Also write the numbers, as JSON");
  addDeviceOption(*verb, settings->device);
  verb->callback([=] {
    std::vector<fs::path> read;
    for (const std::string &text : *models)
      read.push_back(settings->models.emplace_back(namedFile(text)).file);
    for (const std::string &text : *domains) {
      settings->domains.push_back(domainOf(text));
      const std::vector<fs::path> &files = settings->domains.back().files.paths;
      read.insert(read.end(), files.begin(), files.end());
    }
    if (!settings->output.empty())
      checkOutput(settings->output, OutputKind::File, read);
    Json recall = scoreRecall(*settings);
    if (!settings->output.empty())
      writeTextFile(settings->output, recall.dump(2) + '\n');
    writeOut(tableOf(recall));
  });
}

} // namespace xlstm
