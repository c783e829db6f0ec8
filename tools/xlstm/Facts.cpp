//===- Facts.cpp - xlstm facts: text to learn looking back from -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include "xlstm/Runtime/Data/PlantFacts.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"

namespace fs = std::filesystem;

namespace xlstm {

namespace {

struct FactSettings : FactOptions {
  std::vector<std::string> texts;
  fs::path output;
};

} // namespace

static void writeFacts(const FactSettings &settings) {
  std::vector<fs::path> read;
  std::vector<CorpusFiles> files;
  for (const std::string &text : settings.texts) {
    CorpusFiles corpus = findCorpus(text);
    for (const fs::path &file : corpus.paths) {
      read.push_back(file);
      files.push_back({{file}, corpus.part});
    }
  }
  checkOutput(settings.output, OutputKind::File, read);
  if (settings.output.extension() != ".jsonl")
    fail(settings.output.string(), ": expected a name that ends in .jsonl, as corpora of JSON lines do");
  AtomicFile out(settings.output);
  for (const std::string &text : plantFacts(files, settings))
    out.write(Json{{"text", text}}.dump() + "\n");
  out.commit();
}

void addFactsCommand(CLI::App &app) {
  auto settings = std::make_shared<FactSettings>();
  CLI::App *verb = app.add_subcommand(
      "facts", "Write training text in which facts are told and asked for again, made of your own (docs/Heads.md)");
  verb->add_option("text", settings->texts,
                   "Training text: files, folders or patterns, perhaps a part of one as all.jsonl@2-98% "
                   "(docs/Recipe.md, Corpora)")
      ->required();
  verb->add_option("-o,--output", settings->output, "File to write, .jsonl")->required();
  auto count = [&](const char *flag, int64_t &value, int64_t least, const char *meaning) {
    verb->add_option(flag, value, meaning)->check(CLI::Range(least, int64_t(1) << 30))->capture_default_str();
  };
  count("--documents", settings->documents, 1, "Documents to write");
  count("--bytes", settings->bytes, 100, "Bytes of text in each: about four a token, and no more tokens than a row");
  count("--facts", settings->facts, 1, "Facts in each");
  verb->add_option("--seed", settings->seed, "Another draw")->capture_default_str();
  verb->callback([settings] { writeFacts(*settings); });
}

} // namespace xlstm
