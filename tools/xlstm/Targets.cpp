//===- Targets.cpp - xlstm targets: a store of a teacher's answers alone --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"
#include "Models.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Data/ImportTargets.h"
#include "xlstm/Runtime/Evaluate/Device.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Runtime/Files/StandardStreams.h"
#include "xlstm/Runtime/Train/Trainer.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <sstream>

namespace fs = std::filesystem;

namespace xlstm {
namespace {

struct MakeSettings {
  fs::path teacher, store;
  std::vector<fs::path> corpora;
  int64_t k = 256, length = 512;
  std::string device;
  bool tf32 = false;
};

std::vector<fs::path> filesOf(const std::vector<fs::path> &corpora) {
  std::vector<fs::path> files;
  for (const fs::path &corpus : corpora)
    for (const fs::path &file : findCorpusFiles(corpus))
      files.push_back(file);
  return files;
}

/// All of all documents.
void make(const MakeSettings &settings) {
  std::vector<fs::path> files = filesOf(settings.corpora), inputs = files;
  inputs.push_back(settings.teacher);
  checkOutput(settings.store, OutputKind::KeptFolder, inputs);
  openDevice(settings.device);
  RunnableModel teacher = RunnableModel::open(settings.teacher, settings.device);
  ModelDescription model = describeModel(teacher.mlir, teacher.bundle.modelFile());
  TargetOptions options;
  options.format.k = settings.k;
  options.format.vocabulary = model.vocab;
  options.format.setContext(settings.length, model.contextLength);
  options.format.teacher = hashOf(teacher.params);
  options.format.tokenizer = hexDigits(measureFile(settings.teacher, "tokenizer.json").hash);
  options.tf32 = settings.tf32;
  ScratchFolder scratch(settings.store);
  writeTokens(files, Encoder::load(settings.teacher, model.vocab), "", scratch.path());
  TokenCorpus corpus = TokenCorpus::open(scratch.path(), nameOf(files));
  TargetRequests wanted;
  for (uint32_t document = 0; document < corpus.size(); ++document)
    wanted.add(corpus.document(document).ids);
  writeTargets(teacher.forward, teacher.params, wanted, options, settings.store);
}

struct RowsSettings {
  fs::path teacher, store, corpus, config;
  std::vector<fs::path> rows;
  int64_t k = 0, length = 512;
  bool anyTeacher = false;
  std::string device;
};

/// A file, or those of a folder, beside which DistillKit writes how they are coded.
std::vector<fs::path> parquetFiles(const std::vector<fs::path> &given, fs::path &config) {
  std::vector<fs::path> files;
  for (const fs::path &file : filesOf(given))
    if (file.extension() == ".parquet")
      files.push_back(file);
  if (files.empty())
    fail(given.front().string(), ": expected .parquet files, found none");
  std::error_code error;
  if (fs::path beside = files.front().parent_path() / "compression_config.yaml";
      config.empty() && fs::exists(beside, error))
    config = beside;
  return files;
}

void importRows(RowsSettings settings) {
  std::vector<fs::path> files = parquetFiles(settings.rows, settings.config), inputs = files;
  inputs.push_back(settings.teacher);
  checkOutput(settings.store, OutputKind::KeptFolder, inputs);
  if (!settings.corpus.empty())
    checkOutput(settings.corpus, OutputKind::KeptFolder, inputs);
  openDevice(settings.device);
  RunnableModel teacher = RunnableModel::open(settings.teacher, settings.device);
  ImportOptions options;
  options.format.k = settings.k;
  options.format.setContext(settings.length, describeModel(teacher.mlir, teacher.bundle.modelFile()).contextLength);
  options.format.teacher = hashOf(teacher.params);
  options.format.tokenizer = hexDigits(measureFile(settings.teacher, "tokenizer.json").hash);
  options.config = settings.config;
  options.corpus = settings.corpus;
  options.anyTeacher = settings.anyTeacher;
  importTargets(teacher.forward, teacher.params, files, options, settings.store);
}

std::string describeStore(const fs::path &folder) {
  TargetStore store = TargetStore::open(folder);
  const TargetFormat &format = store.format();
  std::ostringstream text;
  int64_t tokens = store.numTokens();
  text << "targets      of " << tokens << " tokens in " << store.numDocuments() << " documents\n"
       << "k            " << format.k << " of " << format.vocabulary << "\n"
       << "bytes        " << store.numBytes() << ", " << format.tokenBytes() << " a token and "
       << (tokens ? (int64_t(store.numBytes()) - tokens * format.tokenBytes()) / tokens : 0) << " of the index\n"
       << "shards       " << store.numShards() << "\n"
       << "context      " << format.context << " tokens, looking back " << format.lookBack << " in longer documents\n"
       << "teacher      " << format.teacher << "\n"
       << "tokenizer    " << format.tokenizer << "\n";
  return escapeControls(text.str(), "\n");
}

/// Tells of each damaged shard, and removes it where that is wanted.
size_t findDamage(const fs::path &folder, bool removes) {
  auto damaged = TargetStore::damagedShards(folder);
  for (const auto &[shard, problem] : damaged) {
    std::error_code error;
    if (removes && !fs::remove(shard, error))
      fail(shard.string(), ": cannot be removed: ", error.message());
    writeOut(escapeControls((removes ? "removed: " : "") + problem) + "\n");
  }
  return damaged.size();
}

void addMake(CLI::App &verb) {
  auto settings = std::make_shared<MakeSettings>();
  CLI::App *make = verb.add_subcommand(
      "make", "Have a teacher answer corpora. Adds what is missing to the store, also what was damaged");
  make->add_option("teacher", settings->teacher, "Bundle of the teacher")->required();
  make->add_option("--corpus", settings->corpora, "A file, a folder or a pattern (docs/Recipe.md, Corpora); repeatable")
      ->required();
  make->add_option("-o,--output", settings->store, "Folder of the store")->required();
  make->add_option("-k,--top-k", settings->k, "Likeliest tokens kept behind each")
      ->check(countWithin("top_k"))
      ->capture_default_str();
  make->add_option("--length", settings->length,
                   "Of the rows that students will train on; decides how far the teacher "
                   "looks back in long documents")
      ->check(countWithin("length"))
      ->capture_default_str();
  make->add_flag("--tf32", settings->tf32, "On a GPU, products in TF32, as runs in bf16 have it");
  addDeviceOption(*make, settings->device);
  make->callback([settings] {
    xlstm::make(*settings);
    writeOut(describeStore(settings->store));
  });
}

void addImport(CLI::App &verb) {
  auto settings = std::make_shared<RowsSettings>();
  CLI::App *import = verb.add_subcommand(
      "import", "Take over the targets that DistillKit stored as rows of Parquet (docs/Recipe.md, Targets of others)");
  import->add_option("teacher", settings->teacher, "Bundle of the teacher whose answers these are")->required();
  import->add_option("rows", settings->rows, "Parquet files, folders or patterns")->required();
  import->add_option("-o,--output", settings->store, "Folder of the store")->required();
  import->add_option("--corpus", settings->corpus, "Folder for the rows' documents in tokens, to train on");
  import->add_option("--config", settings->config,
                     "How the rows are coded; default: compression_config.yaml beside them");
  import->add_option("-k,--top-k", settings->k, "Targets kept of each token's; default: all")
      ->check(countWithin("top_k"));
  import->add_option("--length", settings->length, "As make has it, for what a run adds to the store")
      ->check(countWithin("length"))
      ->capture_default_str();
  import->add_flag("--any-teacher", settings->anyTeacher,
                   "Take rows that this teacher does not agree with, such as those of a larger one");
  addDeviceOption(*import, settings->device);
  import->callback([settings] {
    importRows(*settings);
  writeOut(describeStore(settings->store));
});
} // namespace

} // namespace

void addTargetsCommand(CLI::App &app) {
  CLI::App *verb =
      app.add_subcommand("targets", "Make, import, describe, check or repair a store of a teacher's answers");
  verb->require_subcommand(1);
  addMake(*verb);
  addImport(*verb);
  auto folder = std::make_shared<fs::path>();
  auto add = [&](const char *name, const char *meaning, std::function<void()> run) {
    CLI::App *one = verb->add_subcommand(name, meaning);
    one->add_option("store", *folder, "Folder of the store")->required();
    one->callback(std::move(run));
  };
  add("inspect", "Say whose targets these are, of how many tokens, in how many bytes",
      [folder] { writeOut(describeStore(*folder)); });
  add("verify", "Read all of it and compare with its checksums", [folder] {
    if (size_t count = findDamage(*folder, false))
      fail(folder->string(), ": ", count, " shards are damaged; xlstm targets repair removes them");
    writeOut(escapeControls(folder->string()) + ": ok\n");
  });
  add("repair", "Remove damaged shards; make, or a run that reads the store, then fills the gaps", [folder] {
    size_t count = findDamage(*folder, true);
    writeOut(escapeControls(folder->string()) + ": " + std::to_string(count) + " shards removed\n");
  });
}

} // namespace xlstm
