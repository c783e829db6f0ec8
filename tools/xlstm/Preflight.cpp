//===- Preflight.cpp - what later stages need, looked at first ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Preflight.h"

#include "Estimate.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

namespace fs = std::filesystem;

namespace xlstm {

Corpora checkRun(const Recipe &recipe, const fs::path &output) {
  std::vector<fs::path> inputs = recipe.eval.tasks;
  for (const RecipeDomain &domain : recipe.domains)
    inputs.insert(inputs.end(), {domain.train, domain.valid});
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
  Corpora corpora;
  for (const RecipeDomain &domain : recipe.domains)
    for (const fs::path &file : {domain.train, domain.valid})
      if (!corpora.contains(file))
        corpora.emplace(file, CorpusFile::read(file));
  return corpora;
}

/// Bytes of the files under a folder.
static uint64_t bytesUnder(const fs::path &folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error); !error && at != fs::recursive_directory_iterator();
       at.increment(error))
    if (std::error_code gone; at->is_regular_file(gone))
      bytes += at->file_size(gone);
  return bytes;
}

/// What is there of the run already takes no further room.
static void checkRoom(const Recipe &recipe, const std::string &module, const std::string &origin, const fs::path &run) {
  uint64_t fullest = bytesAtFullest(estimateRun(recipe, module, origin)), there = bytesUnder(run);
  std::error_code error;
  fs::space_info space = fs::space(run, error);
  if (!error && fullest > there && fullest - there > space.available)
    fail(run.string(), ": expected ", (fullest - there) / 1000000,
         " MB of free disk space for this run (--dry-run says what for), found ", space.available / 1000000);
}

void checkTeacher(const Recipe &recipe, const Corpora &corpora, const fs::path &teacher, const fs::path &run) {
  Vocabulary vocabulary = Vocabulary::load(teacher);
  std::string origin = Bundle::open(teacher, BundleCheck::SmallFiles).modelFile(), module = readTextFile(origin);
  int64_t ids = describeModel(module, origin).vocab;
  for (const auto &[path, corpus] : corpora)
    checkFirstRow(corpus, vocabulary, ids, recipe.length);
  checkRoom(recipe, module, origin, run);
}

} // namespace xlstm
