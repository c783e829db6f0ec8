//===- Recipe.h - what xlstm distill is told ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RECIPE_H
#define XLSTM_TOOLS_XLSTM_RECIPE_H

#include "Evaluation.h"
#include "Heads.h"
#include "Models.h"

#include "xlstm/Runtime/Merge/MergeConfig.h"
#include "xlstm/Runtime/Train/OnPolicy.h"
#include "xlstm/Runtime/Train/TrainOptions.h"
#include "xlstm/Support/Yaml.h"
#include "xlstm/Target/Cpu.h"

#include <map>

namespace xlstm {

/// Part of what a domain trains on.
struct RecipeSource {
  CorpusFiles files;
  std::optional<double> weight; // relative to the domain's other sources; each of them has one or none does
  double epochs = 1;            // without weights: passes, relative to the others'
};

struct RecipeDomain {
  std::string name;
  std::vector<RecipeSource> train;
  // Files of their own, or a part of the documents of `train`, which then has the others.
  CorpusFiles valid; // to choose by: checkpoints
  CorpusFiles test;  // for the reported score; may have no file: then it is of `valid`

  bool hasTest() const { return !test.paths.empty(); }
  const CorpusFiles &scored() const { return hasTest() ? test : valid; }
  CorpusFiles trainFiles() const;
  /// All of its files, each once.
  std::vector<std::filesystem::path> paths() const;
  /// The part of the domain's rows that each source gives, sum 1; `bytes`: what each has of text.
  std::vector<double> sourceShares(const std::vector<uint64_t> &bytes) const;
  /// Weights and epochs as text.
  std::string mixText() const;
};

/// Settings of one training stage. `rows` is the most rows taken of a domain (0: as many as the steps use).
struct RecipeTraining {
  TrainOptions options;
  int64_t rows = 0, heldOutRows = 16;
  std::vector<std::pair<std::string, double>> domains; // with their shares, sum 1

  /// The pass that adds what is trained beside the student's own params, and a comma; empty where nothing is.
  std::string adapterPass() const {
    bool isLora = options.trained == Trained::Lora;
    return isLora ? "xlstm-add-lora{" + options.lora.passOptions() + "}," : "";
  }
};

struct RecipeExpert {
  std::string name;
  RecipeTraining training;
  std::string text = {}; // its own section
  std::string from = {}; // the expert at whose weights it begins; empty: at the aligned student's
};

/// The stage behind the merge, on what the merged student writes itself.
struct RecipeOnPolicy {
  RecipeTraining training;
  WriteOptions write; // but for the ends, which are the teacher's
  int64_t topK = 0;   // of the teacher's tokens; the others are one
};

/// How the experts become one; its base is the aligned student, or the mean of them where each expert has its own, of
/// SLERP the first expert.
struct RecipeMerge : MergeTypes {
  MergeMethod method = MergeMethod::Linear;
  std::map<std::string, double> weights; // by expert; empty: all alike
  MergeSettings parameters;              // "density", "lambda", "normalize", "rescale", "t"
  std::string tune;                      // "loss", "tasks": what the shares, lambda or t are searched by; empty: given
  int64_t trials = 24;
};

/// A recipe file, checked whole: unknown keys, names of domains, ranges. Paths are relative to the file. See
/// docs/Recipe.md for every key and its default.
struct Recipe {
  std::filesystem::path teacher;
  std::optional<std::filesystem::path> check; // the same teacher from another exporter
  int64_t length = 512, topK = 256, seed = 0;
  StudentSettings student;
  std::optional<HeadInputs> heads; // where the run itself chooses the heads that stay attention
  std::vector<RecipeDomain> domains;
  RecipeTraining align;
  bool alignsEach = false;    // stage I of each expert alone, on its domains
  std::string distillPass;    // options of --xlstm-build-distill
  bool onlineTargets = false; // the teacher answers in the step; else once, before, into a store
  std::vector<RecipeExpert> experts;
  RecipeMerge merge;
  std::optional<RecipeOnPolicy> onPolicy;
  EvalInputs eval;
  std::vector<int64_t> speedLengths; // at which executables are measured; empty: not
  std::string cpu = portableCpu;
  int64_t prefillTokens = 64;
  // What stays of a finished stage. No stage's settings: they may change between two calls.
  bool keepCheckpoints = false, keepTargets = true;
  int64_t keptCheckpoints = 2;
  /// Folders outside of the run that several runs share; empty: the run's own.
  std::filesystem::path targetStore, tokenCache;

  std::string text; // the file as it is
  /// The section `name` as text, to tell whether a stage was done under other settings.
  std::map<std::string, std::string> sections;

  static Recipe read(const std::filesystem::path &file);
  /// In which training computes: the words for it.
  static const std::vector<std::string> &precisions();
  void setPrecision(const std::string &name);
  bool saysPrecision = false; // else the device decides
  const RecipeDomain &domain(const std::string &name) const;
  const RecipeExpert &expert(const std::string &name) const;
  /// The expert at which `expert` begins, through others, or itself.
  const RecipeExpert &rootOf(const RecipeExpert &expert) const;
  /// Experts that no other begins at: those that are merged.
  std::vector<const RecipeExpert *> mergedExperts() const;
  /// Stage I of an expert, which is that of its root where each has its own.
  RecipeTraining alignmentOf(const RecipeExpert &expert) const;

  /// Whether the merge's base has to be made, of what several stages I gave.
  bool makesMergeBase() const { return alignsEach && isOfTaskVectors(merge.method); }

private:
  void readKeep(const YamlNode &node, const std::filesystem::path &folder);
  std::vector<RecipeTraining *> trainings();
};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RECIPE_H
