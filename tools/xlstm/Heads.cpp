//===- Heads.cpp - xlstm heads: which heads must stay attention -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Heads.h"
#include "Commands.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Data/TokenCorpus.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Support/Error.h"

#include <algorithm>
#include <iterator>

namespace fs = std::filesystem;

namespace xlstm {

/// Heads of the layers that can be ranked: they all have the same.
static LayerDescription attentionOf(const RunnableModel &teacher) {
  ModelDescription model = describeModel(teacher.mlir, teacher.bundle.modelFile().string());
  for (const LayerDescription &layer : model.layers)
    if (layer.mixer == "attention")
      return layer;
  fail(teacher.bundle.folder.string(), ": expected a teacher with attention, found none");
}

Json rankTeacherHeads(const fs::path &bundle, const HeadInputs &inputs) {
  HeadBudget budget = HeadBudget::parse(inputs.budget);
  if (inputs.domains.empty())
    fail("heads: expected at least one domain to rank by, found none");
  RunnableModel teacher = RunnableModel::open(bundle, inputs.device);
  Encoder encoder = Encoder::load(bundle);
  const Vocabulary &vocabulary = encoder.vocabulary();
  std::vector<RankingText> texts;
  std::vector<std::string> all;
  constexpr uint64_t enough = uint64_t{1} << 28; // bytes of a domain's text
  for (const auto &[name, files] : inputs.domains) {
    std::vector<std::string> documents = readTexts(files, encoder, enough);
    texts.push_back(rankingText(name, vocabulary, documents, inputs.length, inputs.tokens));
    if (texts.back().choose.tokens == 0 || texts.back().report.tokens == 0)
      fail(nameOf(files), ": expected text for two halves, one to choose by and one to report on, found too little");
    all.insert(all.end(), documents.begin(), documents.end());
  }
  auto probes = [&](uint64_t seed, int64_t length) {
    return makeRecallProbes(vocabulary, all, inputs.probes, length, inputs.window, seed);
  };
  std::vector<PackedText> further;
  for (int64_t length : inputs.recallLengths)
    further.push_back(probes(2, length));
  LayerDescription layer = attentionOf(teacher);
  Program shared = teacher.derive("xlstm-share-heads{window=" + std::to_string(inputs.window) +
                                  " sinks=" + std::to_string(inputs.sinks) + inputs.layerOptions + "}");
  RankingSettings settings = inputs.settings;
  int64_t keyHeads = 0;
  for (const ParamSpec &param : shared.function("model").params)
    if (param.tensor.name.ends_with(".head_share"))
      keyHeads += param.tensor.shape[0] / (layer.heads / layer.kvHeads);
  settings.budget = budget.keyHeads(keyHeads, layer.headSize);
  Json ranking = rankHeads(shared, teacher.params, layer.heads / layer.kvHeads, texts,
                           {"recall", probes(1, inputs.length), probes(2, inputs.length)}, settings, further);
  ranking["window"] = inputs.window;
  ranking["sinks"] = inputs.sinks;
  ranking["length"] = inputs.length;
  ranking["bytes_a_token"] = settings.budget * 4 * layer.headSize;
  return ranking;
}

static fs::path pictureOf(const fs::path &file) { return fs::path(file).replace_extension(".html"); }

void writeHeads(const Json &ranking, const fs::path &file) {
  writeTextFile(file, ranking.dump(2) + '\n');
  writeTextFile(pictureOf(file), renderHeads(ranking));
}

/// Before the work: where the choice and its picture go.
static void checkHeadsOutput(const fs::path &file, const fs::path &teacher, const HeadInputs &inputs) {
  std::vector<fs::path> read = {teacher};
  for (const auto &[name, files] : inputs.domains)
    std::ranges::copy(files.paths, std::back_inserter(read));
  if (pictureOf(file) == file)
    fail(file.string(), ": expected a name for the choice such as heads.json, found that of its picture");
  for (const fs::path &output : {file, pictureOf(file)})
    checkOutput(output, OutputKind::File, read);
}

template <typename Choice>
static void addChoice(CLI::App &verb, const std::string &flag, const std::string &meaning,
                      const std::map<std::string, Choice> &choices, const std::string &value, Choice &into) {
  auto set = [&into, choices](const std::string &name) { into = choices.at(name); };
  std::vector<std::string> names;
  for (const auto &[name, choice] : choices)
    names.push_back(name);
  verb.add_option_function<std::string>(flag, set, meaning)->check(CLI::IsMember(names))->default_str(value);
}

void addHeadsCommand(CLI::App &app) {
  struct Settings {
    fs::path teacher, output;
    std::vector<std::string> domains;
    HeadInputs inputs;
  };
  auto settings = std::make_shared<Settings>();
  HeadInputs &inputs = settings->inputs;
  CLI::App *verb =
      app.add_subcommand("heads", "Choose the heads of a teacher that must stay attention (docs/Heads.md)");
  verb->add_option("teacher", settings->teacher, "Bundle of the teacher")->required();
  verb->add_option("-o,--output", settings->output, "File for the choice, heads.json; its picture is written beside it")
      ->required();
  verb->add_option("--domain", settings->domains, "Text to rank by as NAME=PATH: a file, .txt or .jsonl, also .xz, .gz or .zst, a folder or a pattern; repeatable")
      ->required();
  verb->add_option("--budget", inputs.budget,
                   "Key heads to keep: 4, a share such as 3%, or bytes a token such as 2048B")
      ->capture_default_str();
  addChoice<RankBy>(*verb, "--by", "What to keep: held-out loss, recall of planted facts, or both alike", rankByNames(),
                    "both", inputs.settings.by);
  addChoice<RankMethod>(*verb, "--method", "greedy: leave out one after another; gradient: one pass alone",
                        rankMethodNames(), "greedy", inputs.settings.method);
  verb->add_option("--window", inputs.window, "Latest keys that a head sees that is not kept")->capture_default_str();
  verb->add_option("--sinks", inputs.sinks, "A document's first keys that it sees")->capture_default_str();
  verb->add_option("--length", inputs.length, "Tokens of a row of text")->capture_default_str();
  verb->add_option("--tokens", inputs.tokens, "Tokens of a domain to choose by, and as many to report on")
      ->capture_default_str();
  verb->add_option("--probes", inputs.probes, "Planted facts to choose by, and as many to report on")
      ->capture_default_str();
  verb->add_option("--recall-lengths", inputs.recallLengths,
                   "Report recall at these lengths too, such as 4096,16384: with none, the kept and all heads")
      ->delimiter(',')
      ->check(CLI::Range(int64_t(2), int64_t(1) << 24));
  verb->add_option("--candidates", inputs.settings.candidates,
                   "Key heads that the greedy choice starts with, 0: twice the budget and 8")
      ->capture_default_str();
  addDeviceOption(*verb, inputs.device);
  for (auto [flag, least] : {std::pair("--window", 1),
                             {"--sinks", 0},
                             {"--length", 2},
                             {"--tokens", 1},
                             {"--probes", 1},
                             {"--candidates", 0}})
    verb->get_option(flag)->check(CLI::Range(int64_t(least), int64_t(1) << 24));
  verb->callback([settings] {
    for (const std::string &text : settings->domains) {
      size_t equals = text.find('=');
      if (equals == std::string::npos)
        fail("--domain ", text, ": expected NAME=FILE");
      settings->inputs.domains.emplace_back(text.substr(0, equals), findCorpus(text.substr(equals + 1)));
    }
    checkHeadsOutput(settings->output, settings->teacher, settings->inputs);
    Json ranking = rankTeacherHeads(settings->teacher, settings->inputs);
    writeHeads(ranking, settings->output);
    writeOut(ranking.at("keep").get<std::string>() + "\n");
  });
}

} // namespace xlstm
