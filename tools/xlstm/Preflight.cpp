//===- Preflight.cpp - what later stages need, looked at first ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Preflight.h"

#include "Estimate.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <algorithm>
#include <set>

namespace fs = std::filesystem;

namespace xlstm {

static std::set<fs::path> corporaOf(const Recipe &recipe) {
  std::set<fs::path> corpora;
  for (const RecipeDomain &domain : recipe.domains)
    corpora.insert({domain.train, domain.valid});
  return corpora;
}

/// Reads a corpus to its end.
static void checkCorpus(const fs::path &corpus) {
  bool isEmpty = true;
  forEachDocument(corpus, [&](const std::string &) {
    isEmpty = false;
    return true;
  });
  if (isEmpty)
    fail(corpus.string(), ": holds no document");
}

void checkRun(const Recipe &recipe, const fs::path &output) {
  std::set<fs::path> corpora = corporaOf(recipe);
  std::vector<fs::path> inputs(corpora.begin(), corpora.end());
  inputs.insert(inputs.end(), recipe.eval.tasks.begin(), recipe.eval.tasks.end());
  inputs.push_back(recipe.teacher);
  if (recipe.check)
    inputs.push_back(*recipe.check);
  checkOutput(output, OutputKind::KeptFolder, inputs);
  CompileOptions compile;
  compile.cpu = recipe.cpu;
  compile.prefillTokens = recipe.prefillTokens;
  checkCompile(compile);
  std::vector<std::string> domains;
  for (const RecipeDomain &domain : recipe.domains)
    domains.push_back(domain.name);
  std::vector<Task> tasks;
  for (const fs::path &file : recipe.eval.tasks)
    tasks.push_back(loadTask(file, size_t(recipe.eval.items)));
  checkBenchmarks(domains, tasks);
  for (const fs::path &corpus : corpora)
    checkCorpus(corpus);
}

/// What the checkpoints of all experts take: what is trained and two moments of each in float32, besides the best
/// weights.
static uint64_t checkpointBytes(const std::vector<int64_t> &trained) {
  constexpr uint64_t state = 3 * sizeof(float), best = sizeof(float);
  uint64_t bytes = 0, most = 0;
  for (int64_t elements : trained) {
    bytes += uint64_t(elements) * (CheckpointStore::kept * state + best);
    most = std::max(most, uint64_t(elements));
  }
  return bytes + most * state; // and the one that is written
}

void checkTeacher(const Recipe &recipe, const fs::path &teacher, const fs::path &run) {
  Vocabulary vocabulary = Vocabulary::load(teacher);
  fs::path module = Bundle::open(teacher).modelFile();
  std::string mlir = readTextFile(module);
  int64_t ids = describeModel(mlir, module.string()).vocab;
  for (const fs::path &corpus : corporaOf(recipe))
    readRows(corpus, vocabulary, ids, {.length = recipe.length, .dropPartial = true, .maxRows = 1});
  std::error_code error;
  fs::space_info space = fs::space(run, error);
  if (uint64_t needed = checkpointBytes(trainedByExperts(recipe, mlir, module.string()));
      !error && needed > space.available)
    fail(run.string(), ": expected ", needed / 1000000, " MB of free disk space for checkpoints, found ",
         space.available / 1000000);
}

} // namespace xlstm
