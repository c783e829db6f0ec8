//===- Preflight.cpp - what later stages need, looked at first ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Preflight.h"

#include "Estimate.h"

#include "xlstm/Pipelines/Describe.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Eval/BitsPerByte.h"
#include "xlstm/Runtime/Files/Output.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Link.h"

#include <algorithm>
#include <iterator>

namespace fs = std::filesystem;

namespace xlstm {

/// Raised when more is looked for in corpora.
constexpr int looksVersion = 1;

static std::string lookOf(const Recipe &recipe, FileHashes &hashes) {
  std::string text = std::to_string(looksVersion);
  for (const RecipeDomain &domain : recipe.domains)
    for (const CorpusFiles &files : {domain.trainFiles(), domain.valid, domain.test}) {
      text += ";" + (files.part.isWhole() ? "" : hashes.of(files) + " ");
      for (const fs::path &file : files.paths)
        text += file.string() + "=" + hashes.of(file) + " ";
    }
  return hashOfText(text);
}

std::string checkRun(const Recipe &recipe, const fs::path &output, FileHashes &hashes, const std::string &looked) {
  std::vector<fs::path> inputs = recipe.eval.tasks;
  for (const RecipeDomain &domain : recipe.domains)
    std::ranges::copy(domain.paths(), std::back_inserter(inputs));
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
  std::string look = lookOf(recipe, hashes);
  if (look != looked)
    checkCorpora(recipe.domains);
  return look;
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

/// Reads on to a document of which a token can be predicted.
static void checkScoredText(const CorpusFiles &files, const Encoder &encoder) {
  int64_t bytes = 0;
  forEachDocument(files, [&](const Document &document) {
    bytes += packHeldOut(encoder.vocabulary(), {encoder.textOf(document)}, /*pieceTokens=*/512, 0).bytes;
    return bytes == 0;
  });
  if (bytes == 0)
    fail(nameOf(files), ": expected text to score, found no token behind another");
}

/// Of a store that others began: that it has as many of a token as this run wants.
static void checkTargetStore(const Recipe &recipe, int64_t vocabulary) {
  std::error_code error;
  if (recipe.onlineTargets || recipe.targetStore.empty() || !fs::exists(recipe.targetStore / "targets.json", error))
    return;
  int64_t k = TargetFormat::read(recipe.targetStore).k, wanted = std::min(recipe.topK, vocabulary);
  if (k != wanted)
    fail(recipe.targetStore.string(), ": the store has ", k, " targets a token: expected 'distill.top_k: ", k,
         "' or another store, found ", wanted);
}

void checkTeacher(const Recipe &recipe, const fs::path &teacher, const fs::path &run) {
  std::string origin = Bundle::open(teacher, BundleCheck::SmallFiles).modelFile(), module = readTextFile(origin);
  Encoder encoder = Encoder::load(teacher, describeModel(module, origin).vocab);
  for (const RecipeDomain &domain : recipe.domains) {
    for (const RecipeSource &source : domain.train)
      checkFirstRow(source.files, encoder, recipe.length);
    checkFirstRow(domain.valid, encoder, recipe.length);
    checkScoredText(domain.scored(), encoder);
  }
  checkTargetStore(recipe, describeModel(module, origin).vocab);
  checkRoom(recipe, module, origin, run);
}

} // namespace xlstm
