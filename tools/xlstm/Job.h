//===- Job.h - a recipe's stages ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_JOB_H
#define XLSTM_TOOLS_XLSTM_JOB_H

#include "Recipe.h"
#include "RunFolder.h"

#include "xlstm/Runtime/Data/RowOrder.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Merge/MergeConfig.h"
#include "xlstm/Target/Link.h"

namespace xlstm {

/// What a run was started with, so that later commands need its folder alone.
struct RunOrigin {
  std::filesystem::path recipe;
  std::string precision; // over the recipe's; or empty
  std::string device;    // where a recipe names no precision, it decides
  std::string looked;    // what checkRun returned

  static std::filesystem::path fileIn(const std::filesystem::path &run) { return run / ".stages/recipe.json"; }
  /// Throws Error where there is none.
  static RunOrigin read(const std::filesystem::path &run);
  void write(const std::filesystem::path &run) const;
  Recipe readRecipe() const;
};

/// One run of a recipe: the graph of its stages (docs/RunFolder.md), each of which leaves its outputs in the folder.
class Job {
public:
  Job(const Recipe &recipe, RunFolder &run, const std::string &device);

  /// All that is not done.
  void execute();
  /// One expert and what follows from it. Throws Error where what it is made from is not done.
  void patch(const std::string &expert);
  /// Of ranks behind the first: its part of what the first does, as it calls it.
  void join(const std::string &stage);
  /// A step of a stage that trains, row by row (Train/Replay.h); nothing is written.
  Json replay(const std::string &stage, int64_t step);

private:
  // JobStages.cpp: what each stage reads and writes.
  std::vector<Stage> stages();
  Stage teacherStage();
  Stage tokensStage(const RecipeDomain &domain);
  Stage headsStage();
  Stage rewriteStage();
  Stage alignStage(const RecipeExpert &expert);
  Stage targetsStage(const RecipeExpert &expert);
  Stage expertStage(const RecipeExpert &expert);
  Stage onPolicyStage();
  Stage evalStage();
  void addText(Stage &stage, std::initializer_list<const char *> sections) const;
  void addCorpora(Stage &stage, const RecipeTraining &training);
  void addScores(Stage &stage, const RecipeTraining &training);

  // Job.cpp: what is done.
  void importTeacherBundle();
  void checkOtherExport();
  void writeDomainTokens(const RecipeDomain &domain);
  void chooseHeads();
  StudentSettings student() const;
  void writeRewrites();
  void align(const RecipeExpert &expert);
  void writeExpertTargets(const RecipeExpert &expert);
  std::unique_ptr<TargetSource> targetSource(const RecipeExpert &expert) const;
  std::unique_ptr<TargetSource> onlineTeacher(int64_t topK) const;
  /// What stage II and the stage on the student's own text have in common: trains a bundle's student by @distill and,
  /// if this rank is the first, writes another bundle.
  struct StudentTraining;
  void trainStudent(const StudentTraining &what);
  void distill(const RecipeExpert &expert);
  void trainOnPolicy();
  /// What all ranks' devices multiply in a second; measured once, before a model takes the memory.
  double deviceOperations(const std::string &precision);
  MergeConfig mergeConfig() const;
  void writeMergeBase();
  void merge();
  Lineage lineage(const std::string &stage, const RecipeTraining &training, const RecipeExpert &expert);
  Lineage onPolicyLineage();
  int64_t tokensOf(const RecipeTraining &training) const {
    return training.options.steps * training.options.batch * recipe.length;
  }
  CompileOptions compileOptions() const;
  void compile();
  void measureSpeeds();
  void evaluate();
  void ensure(const std::string &stage, const std::set<std::string> &only = {});
  void dropTargets();
  void dropLeftovers();
  void finish();

  struct Corpus {
    MixedRows train;
    TokenRows heldOut;
    std::vector<TokenCorpus> sources, valid; // where the rows come from
    std::vector<int64_t> heldOutCounts;      // rows of each of `valid`
  };
  Corpus readCorpus(const RecipeTraining &training);
  TargetRequests wantedTargets(const Corpus &corpus, const TrainOptions &options) const;
  std::filesystem::path tokens(const CorpusFiles &files);
  std::vector<std::filesystem::path> tokenFiles(const RecipeDomain &domain);
  TokenCorpus openTokens(const CorpusFiles &files);
  /// Stage I of an expert and what it wrote.
  std::string alignName(const RecipeExpert &expert) const {
    return recipe.alignsEach ? "align-" + recipe.rootOf(expert).name : "align";
  }
  std::string alignedName(const RecipeExpert &expert) const {
    return recipe.alignsEach ? "aligned-" + recipe.rootOf(expert).name : "aligned";
  }
  std::vector<std::string> alignNames() const;
  /// Experts that are merged, each by the one at whose stage I it began; each of these once.
  std::vector<const RecipeExpert *> mergedRoots() const;
  /// At whose weights it begins.
  std::filesystem::path startBundle(const RecipeExpert &expert) const {
    return expert.from.empty() ? run / alignedName(expert) : expertBundle(recipe.expert(expert.from));
  }
  std::function<Json(const ParamMap &)> taskScores(const RunnableModel &student, const TrainOptions &options) const;
  /// The run's result: its stage, and the name of its bundle, here and in the evaluation.
  std::string studentStage() const { return recipe.onPolicy ? onPolicyName : "merge"; }
  std::string studentName() const { return recipe.onPolicy ? "student" : "merged"; }
  std::filesystem::path expertBundle(const RecipeExpert &expert) const { return run / ("expert-" + expert.name); }
  std::filesystem::path targets() const { return recipe.targetStore.empty() ? run / "targets" : recipe.targetStore; }
  std::string section(const std::string &name) const {
    auto found = recipe.sections.find(name);
    return found == recipe.sections.end() ? "" : found->second;
  }

  static constexpr const char *onPolicyName = "on-policy";
  const Recipe &recipe;
  RunFolder &run;
  std::map<std::string, std::vector<std::filesystem::path>> targetFiles; // of each expert, as they are written
  int64_t replayStep = 0;
  double matrixOperations = 0; // of deviceOperations()
  std::string fingerprint;  // of the teacher's encoder, once it is read
  const std::string device; // of training, targets and evaluation
};

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_JOB_H
