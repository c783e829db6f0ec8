//===- JobData.cpp - tokens and targets of a run --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Job.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Distributed/Group.h"
#include "xlstm/Runtime/Train/Trainer.h"
#include "xlstm/Support/Error.h"

#include <cmath>
#include <tuple>
#include <utility>

namespace fs = std::filesystem;

namespace xlstm {

/// Where a corpus's tokens are: by its content and what makes tokens of it, so that what is named otherwise later is
/// not made again, and runs can share them.
fs::path Job::tokens(const CorpusFiles &files) {
  if (fingerprint.empty())
    fingerprint = Encoder::load(run / "teacher").fingerprint();
  fs::path name = hashOfText(run.hashes().of(files) + " " + fingerprint).substr(0, 16);
  return (recipe.tokenCache.empty() ? run / "tokens" : recipe.tokenCache) / name;
}

TokenCorpus Job::openTokens(const CorpusFiles &files) { return TokenCorpus::open(tokens(files), nameOf(files)); }

static std::vector<CorpusFiles> corporaOf(const RecipeDomain &domain) {
  std::vector<CorpusFiles> corpora = {domain.valid};
  for (const RecipeSource &source : domain.train)
    corpora.push_back(source.files);
  return corpora;
}

std::vector<fs::path> Job::tokenFiles(const RecipeDomain &domain) {
  std::vector<fs::path> files;
  for (const CorpusFiles &corpus : corporaOf(domain))
    for (const fs::directory_entry &entry : fs::directory_iterator(tokens(corpus)))
      if (!entry.path().filename().string().starts_with('.'))
        files.push_back(entry.path());
  return files;
}

/// Training rows of every domain's sources, and held-out rows of all domains.
Job::Corpus Job::readCorpus(const RecipeTraining &training) {
  PackOptions packHeldOut{.length = recipe.length, .dropPartial = true, .maxRows = training.heldOutRows};
  Corpus corpus;
  std::vector<TokenRows> train, heldOut;
  std::vector<double> shares;
  for (const auto &[name, share] : training.domains) {
    const RecipeDomain &domain = recipe.domain(name);
    std::vector<TokenCorpus> sources;
    std::vector<uint64_t> sizes;
    for (const RecipeSource &source : domain.train) {
      sources.push_back(openTokens(source.files));
      sizes.push_back(sources.back().numTokens());
    }
    std::vector<double> parts = domain.sourceShares(sizes);
    for (size_t n = 0; n < sources.size(); ++n) {
      double part = share * parts[n];
      // What the steps use, and one for the rounding of each share (RowOrder.h).
      int64_t used = int64_t(double(training.options.steps * training.options.batch) * part) + 2;
      int64_t block = shuffledTogether(recipe.length);
      used = (used + block - 1) / block * block; // so that more steps find the same rows before theirs
      int64_t most = int64_t(std::ceil(double(training.rows) * parts[n]));
      PackOptions pack{.length = recipe.length, .dropPartial = true, .maxRows = training.rows ? most : used};
      train.push_back(readRows(sources[n], pack));
      corpus.sources.push_back(std::move(sources[n]));
      shares.push_back(part);
    }
    corpus.valid.push_back(openTokens(domain.valid));
    heldOut.push_back(readRows(corpus.valid.back(), packHeldOut));
    corpus.heldOutCounts.push_back(heldOut.back().size());
  }
  corpus.train = mixRows(train, shares);
  corpus.heldOut = concatenate(heldOut);
  return corpus;
}

/// The documents of the rows that the steps take, source by source, and of the held-out rows.
TargetRequests Job::wantedTargets(const Corpus &corpus, const TrainOptions &options) const {
  const MixedRows &train = corpus.train;
  std::vector<bool> isTaken(size_t(train.rows.size()));
  for (int64_t row : rowOrder(train.counts, train.weights, options.seed, options.steps * options.batch,
                              shuffledTogether(recipe.length)))
    isTaken[size_t(row)] = true;
  TargetRequests wanted;
  int64_t first = 0;
  for (size_t n = 0; n < corpus.sources.size(); first += train.counts[n++])
    for (int64_t row = first; row < first + train.counts[n]; ++row)
      if (isTaken[size_t(row)])
        wanted.add(corpus.sources[n], train.rows.pieces(row));
  first = 0;
  for (size_t n = 0; n < corpus.valid.size(); first += corpus.heldOutCounts[n++])
    for (int64_t row = first; row < first + corpus.heldOutCounts[n]; ++row)
      wanted.add(corpus.valid[n], corpus.heldOut.pieces(row));
  return wanted;
}

/// Each corpus of a domain once. What is there whole, of this content and this tokenizer, stays.
void Job::writeDomainTokens(const RecipeDomain &domain) {
  std::string origin = Bundle::open(run / "teacher", BundleCheck::SmallFiles).modelFile();
  Encoder encoder = Encoder::load(run / "teacher", describeModel(readTextFile(origin), origin).vocab);
  for (const CorpusFiles &files : corporaOf(domain)) {
    fs::path folder = tokens(files);
    std::string key = run.hashes().of(files) + " " + encoder.fingerprint();
    std::error_code error;
    if (fs::exists(folder / "tokens.json", error)) {
      if (TokenCorpus::problemOf(folder).empty())
        continue;
      fs::remove_all(folder, error);
    }
    writeTokens(files, encoder, key, folder, {.label = "tokens-" + domain.name});
  }
}

static std::pair<int64_t, int64_t> contextOf(const fs::path &store) {
  TargetFormat format = TargetFormat::read(store);
  return {format.context, format.lookBack};
}

static bool isStoreOf(const fs::path &folder, const TargetFormat &format) {
  try {
    return TargetFormat::read(folder) == format;
  } catch (const Error &) {
    return false;
  }
}

void Job::writeExpertTargets(const RecipeExpert &expert) {
  Group &group = Group::world();
  if (group.isFirst())
    group.call("targets-" + expert.name);
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  fs::path store = targets(), manifest = store / "targets.json";
  TargetOptions options;
  TargetFormat &format = options.format;
  format.vocabulary = teacher.spec().results.at(0).shape.at(2);
  format.k = std::min(recipe.topK, format.vocabulary);
  format.setContext(recipe.length, describeModel(teacher.mlir, teacher.bundle.modelFile()).contextLength);
  format.teacher = hashOf(teacher.params);
  format.tokenizer = hexDigits(measureFile(run / "teacher", "tokenizer.json").hash);
  options.tf32 = expert.training.options.precision == "bf16"; // which rounds to fewer bits
  options.label = "targets-" + expert.name;
  std::error_code error;
  if (group.isFirst() && recipe.targetStore.empty() && fs::exists(manifest, error) && !isStoreOf(store, format))
    run.discard("targets"); // of other settings, which none of the run's stages has any more
  group.barrier();
  if (!recipe.targetStore.empty() && fs::exists(manifest, error))
    std::tie(format.context, format.lookBack) = contextOf(store); // whatever rows it was begun for
  Corpus corpus = readCorpus(expert.training);
  targetFiles[expert.name] =
      writeTargets(teacher.forward, teacher.params, wantedTargets(corpus, expert.training.options), options, store);
  targetFiles[expert.name].push_back(manifest);
}

std::unique_ptr<TargetSource> Job::targetSource(const RecipeExpert &expert) const {
  if (!recipe.onlineTargets)
    return std::make_unique<TargetStore>(TargetStore::open(targets()));
  return onlineTeacher(recipe.topK);
}

std::unique_ptr<TargetSource> Job::onlineTeacher(int64_t topK) const {
  RunnableModel teacher = RunnableModel::open(run / "teacher", device);
  std::string hash = hashOf(teacher.params);
  int64_t vocabulary = teacher.spec().results.at(0).shape.at(2);
  return std::make_unique<OnlineTeacher>(teacher.forward, std::exchange(teacher.params, {}), std::min(topK, vocabulary),
                                         hash);
}

/// Of a run's own store what no expert needs any more: those that are done, where the recipe says so, and any that no
/// stage knows, such as those of a corpus that was another one.
void Job::dropTargets() {
  if (recipe.onlineTargets || !recipe.targetStore.empty())
    return;
  std::set<fs::path> needed = {"targets/targets.json"};
  for (const RecipeExpert &expert : recipe.experts) {
    if (!recipe.keepTargets && run.isDone("expert-" + expert.name))
      continue;
    StageState state = run.status("targets-" + expert.name).state;
    if (state == StageState::Unfinished || (recipe.keepTargets && state != StageState::Done))
      return; // finds some of its own there
    if (state != StageState::Done)
      continue;
    for (const fs::path &file : run.filesWrittenBy("targets-" + expert.name))
      needed.insert(file);
  }
  std::error_code error;
  std::vector<fs::path> files;
  for (auto at = fs::directory_iterator(run / "targets", error); !error && at != fs::directory_iterator();
       at.increment(error))
    files.push_back("targets" / at->path().filename());
  for (const fs::path &file : files)
    if (!needed.contains(file) && !file.filename().string().starts_with('.'))
      run.discard(file);
}

} // namespace xlstm
