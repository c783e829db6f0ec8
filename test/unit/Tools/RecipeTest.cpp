//===- RecipeTest.cpp - what a recipe tells the passes --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/xlstm/Recipe.h"
#include "xlstm/Support/Error.h"

#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// Reads a recipe with these lines under `student`, `distill` and the root; every path is the folder itself.
Recipe read(const std::string &student, const std::string &distill = "", const std::string &more = "",
            const std::string &steps = "1") {
  fs::path folder = fs::path(testing::TempDir()) / ("recipe-" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "text.txt") << "text";
  std::ofstream(folder / "recipe.yaml") << "teacher: .\nstudent:\n  sinks: 4\n"
                                        << student << "domains: {text: {train: ., valid: .}}\nalign: {steps: 1}\n"
                                        << "distill:\n"
                                        << (distill.find(" steps:") == distill.npos ? "  steps: " + steps + "\n" : "")
                                        << distill << "experts: {text: {domains: [text]}}\n"
                                        << more;
  return Recipe::read(folder / "recipe.yaml");
}

std::string errorOf(const std::string &student, const std::string &distill = "", const std::string &more = "",
                    const std::string &steps = "1") {
  try {
    read(student, distill, more, steps);
  } catch (const Error &error) {
    std::string text = error.what();
    return text.substr(text.find("recipe.yaml"));
  }
  return "";
}

TEST(Recipe, NumbersKeepTheirDigits) {
  Recipe recipe = read("  gate_bias: {input: -0.30000000000000004, forget: 1e-7}\n", "  kl_weight: 1e-7\n");
  EXPECT_EQ(recipe.distillPass, "ce-weight=0.9 kl-weight=1e-07 kl-mode=renormalized");
  EXPECT_EQ(recipe.student.passOptions(), "forget-gate-bias=1e-07 input-gate-bias=-0.30000000000000004 sinks=4");
}

TEST(Recipe, EveryOptionOfTheMixer) {
  Recipe recipe = read("  window: 64\n  mixer: linear-attention\n  feature_map: elu\n  form: parallel\n  chunk: 16\n"
                       "  layers: [0, 2]\n  convert_sliding: true\n");
  EXPECT_EQ(recipe.student.passOptions(), "chunk=16 convert-sliding=true feature-map=elu form=parallel layers=0,2 "
                                          "mixer=linear-attention sinks=4 window=64");
}

TEST(Recipe, HowExpertsAreMerged) {
  Recipe ties = read("", "", "merge: {method: ties, density: 0.4, lambda: [0.5, 1], tune: {by: loss, trials: 7}}\n");
  EXPECT_EQ(ties.merge.method, MergeMethod::Ties);
  EXPECT_EQ(ties.merge.parameters.at("density").at("w", 0), 0.4);
  EXPECT_EQ(ties.merge.parameters.at("lambda").at("w", 0.5), 0.75);
  EXPECT_EQ(ties.merge.tune, "loss");
  EXPECT_EQ(ties.merge.trials, 7);
  Recipe half = read("", "", "merge: {dtype: float32, out_dtype: bfloat16}\n");
  EXPECT_EQ(half.merge.type, DType::F32);
  EXPECT_EQ(half.merge.outType, DType::BF16);
  EXPECT_EQ(read("", "", "merge: {weights: {text: 1}}\n").merge.weights.at("text"), 1);
  for (auto [merge, part] : {std::pair("{method: tise}", "did you mean 'ties'"),
                             {"{density: 0.4}", "merge.density"},
                             {"{method: slerp}", "two experts"},
                             {"{method: ties, t: 0.5}", "merge.t"},
                             {"{method: ties, density: 2}", "merge.density"},
                             {"{tune: tasks}", "to tune by"},
                             {"{dtype: int8}", "merge.dtype"},
                             {"{weights: {text: 0.5}}", "sum to 1"}})
    EXPECT_NE(errorOf("", "", "merge: " + std::string(merge) + "\n").find(part), std::string::npos)
        << errorOf("", "", "merge: " + std::string(merge) + "\n");
}

TEST(Recipe, HeadsThatStay) {
  EXPECT_EQ(read("  keep_heads: 5:2,3;7:0\n").student.passOptions(), "keep-heads=5:2,3;7:0 sinks=4");
  EXPECT_EQ(read("  keep_heads: none\n").student.passOptions(), "keep-heads=none sinks=4");
  Recipe chosen = read("  window: 64\n  layers: [0, 2]\n  keep_heads: {budget: 3%, by: recall, tokens: 100}\n");
  ASSERT_TRUE(chosen.heads);
  EXPECT_EQ(chosen.heads->budget, "3%");
  EXPECT_EQ(chosen.heads->settings.by, RankBy::Recall);
  EXPECT_EQ(chosen.heads->window, 64);
  EXPECT_EQ(chosen.heads->tokens, 100);
  EXPECT_EQ(chosen.heads->layerOptions, " layers=0,2");
  EXPECT_EQ(read("  keep_heads: 2\n").heads->budget, "2");
  EXPECT_EQ(
      errorOf("  keep_heads: {budget: 2.5}\n"),
      "recipe.yaml:4: 'student.keep_heads.budget': budget: expected key heads such as 4, a share of them such as 3%, "
      "or bytes a token such as 2048B, found '2.5'");
  EXPECT_TRUE(errorOf("  keep_heads: {by: loss}\n").starts_with("recipe.yaml:4: 'student.keep_heads"));
}

TEST(Recipe, WhatIsTrained) {
  const TrainOptions plain = read("").experts.at(0).training.options;
  EXPECT_EQ(plain.trained, Trained::Full);
  EXPECT_FALSE(plain.newPeak || plain.adamw.newWeightDecay || plain.adamw.decayAll);
  Recipe lora = read("", "  train: lora\n  lora: {rank: 8, alpha: 12, targets: [q_proj, v_proj]}\n"
                         "  new_learning_rate: 0.5\n  new_weight_decay: 0\n  decay_on: all\n");
  const TrainOptions &options = lora.experts.at(0).training.options;
  EXPECT_EQ(options.trained, Trained::Lora);
  EXPECT_EQ(lora.experts.at(0).training.adapterPass(), "xlstm-add-lora{rank=8 alpha=12 targets=q_proj,v_proj},");
  EXPECT_EQ(options.newPeak, 0.5);
  EXPECT_EQ(options.adamw.newWeightDecay, 0.0);
  EXPECT_TRUE(options.adamw.decayAll);
  EXPECT_EQ(read("", "  train: mixer\n").experts.at(0).training.adapterPass(), "");
  EXPECT_EQ(errorOf("", "  train: all\n"),
            "recipe.yaml:8: 'distill.train': expected one of full, mixer, lora, found 'all'");
  EXPECT_EQ(errorOf("", "  lora: {rank: 8}\n"), "recipe.yaml:8: 'distill.lora': expected beside 'train: lora' alone");
  EXPECT_TRUE(errorOf("", "  train: lora\n  lora: {rank: 0}\n")
                  .starts_with("recipe.yaml:9: 'distill.lora.rank': expected a whole number of at least 1"));
  EXPECT_NE(errorOf("", "  train: lora\n  lora: {targets: ['a}b']}\n").find("expected a name of letters"),
            std::string::npos);
}

TEST(HeadBudget, CountsKeyHeads) {
  EXPECT_EQ(HeadBudget::parse("3%").keyHeads(90, 64), 3); // 2.7
  EXPECT_EQ(HeadBudget::parse("4").keyHeads(90, 64), 4);
  EXPECT_EQ(HeadBudget::parse("4").keyHeads(3, 64), 3);
  EXPECT_EQ(HeadBudget::parse("1000B").keyHeads(90, 64), 3); // of 256
  EXPECT_THROW(HeadBudget::parse("100B").keyHeads(90, 64), Error);
  EXPECT_THROW(HeadBudget::parse("1%").keyHeads(32, 64), Error);
  for (const char *bad : {"", "0", "-1", "x", "3 %", "1.5", "101%", "nan%", "2KB"})
    EXPECT_THROW(HeadBudget::parse(bad), Error) << bad;
}

// Not among the settings of any stage, which a finished one refuses to see changed.
TEST(Recipe, WhatStaysOnTheDisk) {
  Recipe plain = read(""), kept = read("", "keep: {checkpoints: true, targets: false}\n");
  EXPECT_FALSE(plain.keepCheckpoints);
  EXPECT_TRUE(plain.keepTargets);
  EXPECT_TRUE(kept.keepCheckpoints);
  EXPECT_FALSE(kept.keepTargets);
}

// So many stay; folders that runs share are relative to the recipe.
TEST(Recipe, WhatRunsShare) {
  Recipe kept = read("", "keep: {checkpoints: 5, target_store: ../answers, token_cache: tokens}\n");
  EXPECT_TRUE(kept.keepCheckpoints);
  EXPECT_EQ(kept.experts.at(0).training.options.keptCheckpoints, 5);
  EXPECT_TRUE(kept.targetStore.is_absolute());
  EXPECT_EQ(kept.targetStore.filename(), "answers");
  EXPECT_NE(errorOf("", "keep: {checkpoints: 1}\n").find("at least 2"), std::string::npos);
  EXPECT_NE(errorOf("", "keep: {targets: false, target_store: answers}\n").find("found both"), std::string::npos);
}

// A run of more steps may go on from one of fewer: their number is no part of a stage's text.
TEST(Recipe, StepsAreComparedOnTheirOwn) {
  Recipe some = read(""), more = read("", "  steps: 7\n");
  EXPECT_EQ(more.experts.at(0).training.options.steps, 7);
  EXPECT_EQ(some.sections.at("distill"), more.sections.at("distill"));
}

// So that a stage that ran out of memory can be begun again with it.
TEST(Recipe, RecomputingIsNoSetting) {
  Recipe plain = read(""), again = read("", "  recompute: true\n");
  EXPECT_FALSE(plain.experts.at(0).training.options.recompute);
  EXPECT_TRUE(again.experts.at(0).training.options.recompute);
  EXPECT_FALSE(again.align.options.recompute);
  EXPECT_EQ(again.sections.at("distill"), plain.sections.at("distill"));
  EXPECT_EQ(errorOf("", "  recompute: 2\n"), "recipe.yaml:8: 'distill.recompute': expected true or false, found '2'");
}

TEST(Recipe, WhereTargetsComeFrom) {
  EXPECT_FALSE(read("").onlineTargets);
  EXPECT_FALSE(read("", "  targets: stored\n").onlineTargets);
  EXPECT_TRUE(read("", "  targets: online\n").onlineTargets);
  EXPECT_EQ(errorOf("", "  targets: disk\n"),
            "recipe.yaml:8: 'distill.targets': expected one of stored, online, found 'disk'");
}

TEST(Recipe, ErrorsNameThePlace) {
  EXPECT_EQ(errorOf("  window: 0\n"), "recipe.yaml:4: 'student.window': option window expects at least 1, found 0");
  EXPECT_EQ(errorOf("  mixer: both\n"), "recipe.yaml:4: 'student.mixer': expected one of hybrid, mlstm, window, "
                                        "linear-attention, gated_delta, gated_delta_alone, found 'both'");
  EXPECT_EQ(errorOf("  gate_bias: {memory: 1}\n"),
            "recipe.yaml:4: 'student.gate_bias.memory': unknown key; expected one of input, forget, output");
  EXPECT_TRUE(errorOf("  mixer: hybird\n").ends_with("found 'hybird'; did you mean 'hybrid'?"));
  EXPECT_TRUE(errorOf("  forget_gate_bias: 1\n").starts_with("recipe.yaml:4: 'student.forget_gate_bias': unknown key"));
}

/// One number of a recipe out of its range, with the line where it stands.
TEST(Recipe, NumbersHaveRanges) {
  for (const char *bad : {"-1", "9223372036854775807", "9223372036854775808", "1e400", "nan", "inf", "x"})
    for (const char *key : {"steps", "batch", "micro_batch", "warmup", "learning_rate", "final_learning_rate",
                            "weight_decay", "new_learning_rate", "new_weight_decay", "clip", "validate_every",
                            "checkpoint_every", "rows", "held_out_rows", "top_k", "ce_weight", "kl_weight"}) {
      std::string message = errorOf("", std::string("  ") + key + ": " + bad + "\n", "");
      std::string line = std::string("recipe.yaml:") + (std::string(key) == "steps" ? "7" : "8");
      EXPECT_TRUE(message.starts_with(line + ": 'distill." + key + "': expected a ")) << key << " " << message;
      EXPECT_NE(message.find(" and at most "), std::string::npos) << message;
    }
  EXPECT_EQ(errorOf("  window: 9223372036854775807\n"),
            "recipe.yaml:4: 'student.window': option window expects at most 2147483647, found 9223372036854775807");
  EXPECT_EQ(errorOf("  gate_bias: {input: 51}\n"),
            "recipe.yaml:4: 'student.gate_bias.input': expected a number of at least -50 and at most 50, found '51'");
  for (const char *bad : {"length: 1", "length: 9223372036854775807", "seed: -1", "eval: {tokens: -1}",
                          "eval: {items: 9223372036854775807}", "eval: {piece: 1}", "compile: {prefill_tokens: 4097}"})
    EXPECT_NE(errorOf("", "", std::string(bad) + "\n").find(": expected a whole number of at least "),
              std::string::npos)
        << bad;
}

TEST(Recipe, ProductsHaveRanges) {
  EXPECT_EQ(errorOf("", "  batch: 1000000\n", "length: 1000\n"),
            "recipe.yaml:7: 'distill': expected 'batch' times 'length' of at most 268435456, found 1000000000");
  EXPECT_NE(errorOf("", "  held_out_rows: 1000000\n").find("'held_out_rows' times 'length' of at most"),
            std::string::npos);
  EXPECT_NE(errorOf("", "", "", "1000000000").find("'steps' times 'batch' of at most 268435456, found 64000000000"),
            std::string::npos);
}

TEST(Recipe, WhatTheStudentWrites) {
  EXPECT_FALSE(read("").onPolicy);
  Recipe plain = read("", "  top_k: 12\n", "on_policy: {steps: 40}\n");
  ASSERT_TRUE(plain.onPolicy);
  const RecipeOnPolicy &onPolicy = *plain.onPolicy;
  EXPECT_EQ(onPolicy.training.options.steps, 40);
  EXPECT_EQ(onPolicy.training.options.batch, 32);
  EXPECT_EQ(onPolicy.training.options.rate.peak, 1e-5);
  EXPECT_EQ(onPolicy.training.options.rate.warmup, 2);
  EXPECT_EQ(onPolicy.training.domains, (std::vector<std::pair<std::string, double>>{{"text", 1.0}}));
  EXPECT_EQ(onPolicy.topK, 12);
  EXPECT_EQ(onPolicy.write.prompt, 64);
  EXPECT_EQ(onPolicy.write.write, 192);
  EXPECT_EQ(onPolicy.write.temperature, 1);
  EXPECT_EQ(onPolicy.write.every, 1);
  EXPECT_TRUE(onPolicy.write.ends.empty());
  EXPECT_EQ(read("", "", "length: 48\non_policy: {steps: 1}\n").onPolicy->write.prompt, 24);
  Recipe given = read("", "",
                      "on_policy: {steps: 4, prompt: 7, write: 9, temperature: 0, every: 5, top_k: 3, train: "
                      "lora, checkpoint_every: 10, recompute: true}\nprecision: bf16\nseed: 3\n");
  EXPECT_EQ(given.onPolicy->write.length(), 16);
  EXPECT_EQ(given.onPolicy->write.temperature, 0);
  EXPECT_EQ(given.onPolicy->write.every, 5);
  EXPECT_EQ(given.onPolicy->topK, 3);
  EXPECT_EQ(given.onPolicy->training.options.seed, 3u);
  EXPECT_EQ(given.onPolicy->training.options.precision, "bf16");
  EXPECT_EQ(given.onPolicy->training.adapterPass(), "xlstm-add-lora{rank=16 alpha=32},");
  // A longer run goes on, so the number of steps is none of the settings.
  EXPECT_EQ(given.sections.at("on_policy").find("steps"), std::string::npos);
}

TEST(Recipe, WhatTheStudentCannotWrite) {
  auto error = [](const std::string &keys) { return errorOf("", "", "on_policy: {" + keys + "}\n"); };
  EXPECT_EQ(error("batch: 1"), "recipe.yaml:9: 'on_policy': expected the key 'steps', found none");
  for (const char *bad : {"prompt: 0", "write: 0", "every: 0", "prompt: 9223372036854775807", "write: x", "top_k: 0"})
    EXPECT_NE(error("steps: 1, " + std::string(bad)).find(": expected a whole number of at least "), std::string::npos)
        << error("steps: 1, " + std::string(bad));
  EXPECT_EQ(error("steps: 1, temperature: -1"),
            "recipe.yaml:9: 'on_policy.temperature': expected a number of at least 0 and at most 100, found '-1'");
  EXPECT_EQ(error("steps: 1, prompt: 512"), "recipe.yaml:9: 'on_policy.prompt': expected a prompt shorter than a row's "
                                            "'length' of 512, found 512");
  EXPECT_EQ(error("steps: 1, every: 3"),
            "recipe.yaml:9: 'on_policy.every': expected a part of 'checkpoint_every', 100, found 3");
  EXPECT_NE(error("steps: 1, batch: 500000, write: 1000").find("'batch' times 'every' times 'prompt' and 'write'"),
            std::string::npos);
  EXPECT_NE(error("steps: 1, wirte: 3").find("'on_policy.wirte': unknown key"), std::string::npos);
  EXPECT_NE(error("steps: 1, ce_weight: 1").find("'on_policy.ce_weight': unknown key"), std::string::npos);
  EXPECT_NE(error("steps: 1, tasks_every: 1").find("expected tasks under 'eval' for 'tasks_every'"), std::string::npos);
  EXPECT_NE(error("steps: 1, domains: [txet]").find("did you mean 'text'"), std::string::npos);
}

/// A recipe whose domains are these, in a folder with some corpora; the error in place of it when there is one.
struct ReadDomains {
  Recipe recipe;
  std::string error;
};

ReadDomains readDomains(const std::string &domains, const std::string &more = "experts: {e: {domains: [d]}}\n") {
  fs::path folder = fs::path(testing::TempDir()) / ("domains-" + std::to_string(getpid()));
  fs::create_directories(folder / "many");
  for (const char *name : {"a.txt", "b.jsonl.gz", "v.txt", "t.txt", "many/1.txt", "many/2.txt"})
    std::ofstream(folder / name) << name;
  std::ofstream(folder / "recipe.yaml") << "teacher: .\nalign: {steps: 1}\ndistill: {steps: 1}\ndomains:\n  d: "
                                        << domains << "\n"
                                        << more;
  ReadDomains result;
  try {
    result.recipe = Recipe::read(folder / "recipe.yaml");
  } catch (const Error &error) {
    std::string text = error.what();
    result.error = text.substr(text.find("recipe.yaml"));
  }
  return result;
}

std::string names(const CorpusFiles &files) {
  std::string text;
  for (const fs::path &file : files.paths)
    text += file.filename().string() + " ";
  return text;
}

std::pair<double, double> part(const CorpusFiles &files) { return {files.part.begin, files.part.end}; }

TEST(Recipe, SourcesOfADomain) {
  Recipe plain = readDomains("{train: [a.txt, many, b.*], valid: v.txt, test: [t.txt]}").recipe;
  ASSERT_EQ(plain.domains.size(), 1u);
  ASSERT_EQ(plain.domains[0].train.size(), 1u);
  EXPECT_EQ(names(plain.domains[0].train[0].files), "a.txt 1.txt 2.txt b.jsonl.gz ");
  EXPECT_EQ(names(plain.eval.domains.at(0).files), "t.txt ");
  EXPECT_EQ(plain.eval.domains.at(0).split, "test");
  EXPECT_EQ(names(readDomains("{train: a.txt, valid: v.txt}").recipe.eval.domains.at(0).files), "v.txt ");

  RecipeDomain weighed =
      readDomains("{train: [{path: a.txt, weight: 3}, {path: [many/1.txt, many/2.txt], weight: 1}], valid: v.txt}")
          .recipe.domains.at(0);
  EXPECT_EQ(names(weighed.trainFiles()), "a.txt 1.txt 2.txt ");
  EXPECT_EQ(weighed.sourceShares({10, 1000}), (std::vector<double>{0.75, 0.25}));
  // 600 bytes read twice beside 200 read once and 300 for two thirds: 1200, 200, 200.
  RecipeDomain passes = readDomains("{train: [{path: a.txt, epochs: 2}, many/1.txt, {path: many/2.txt, epochs: "
                                    "0.66666666666666667}], valid: v.txt}")
                            .recipe.domains.at(0);
  EXPECT_EQ(names(passes.train[0].files), "1.txt ");
  std::vector<double> shares = passes.sourceShares({200, 600, 300});
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_NEAR(shares[0], 0.125, 1e-9);
  EXPECT_NEAR(shares[1], 0.75, 1e-9);
  EXPECT_NEAR(shares[2], 0.125, 1e-9);
}

TEST(Recipe, SourcesThatAreRefused) {
  auto error = [](const std::string &train) { return readDomains("{train: " + train + ", valid: v.txt}").error; };
  EXPECT_EQ(error("[a.txt, a.txt]").substr(0, 62), "recipe.yaml:5: 'domains.d.train': expected each file once, fou");
  EXPECT_EQ(error("[]"), "recipe.yaml:5: 'domains.d.train': expected at least one file, found an empty list");
  EXPECT_NE(error("'*.parquet'").find("*.parquet, found none"), std::string::npos);
  EXPECT_NE(error("none.txt").find("expected an existing file or folder"), std::string::npos);
  EXPECT_NE(error("[{path: a.txt, weight: 1}, many]").find("expected a 'weight' for each source or for none"),
            std::string::npos);
  EXPECT_NE(error("[{path: a.txt, weight: 1, epochs: 2}]").find("expected 'weight' or 'epochs', found both"),
            std::string::npos);
  EXPECT_NE(error("[{path: a.txt, weight: 0}]").find("expected a number above 0, found 0"), std::string::npos);
  EXPECT_NE(error("[{path: a.txt, wieght: 1}]").find("wieght"), std::string::npos);
}

TEST(Recipe, SharesOfADomain) {
  RecipeDomain one =
      readDomains("{train: [a.txt, {path: many, epochs: 2}], valid: 2%, test: [t.txt]}").recipe.domains.at(0);
  using Part = std::pair<double, double>;
  EXPECT_EQ(names(one.valid), "a.txt 1.txt 2.txt ");
  EXPECT_EQ(part(one.valid), Part(0, 0.02));
  EXPECT_EQ(part(one.test), Part(0, 1));
  for (const RecipeSource &source : one.train)
    EXPECT_EQ(part(source.files), Part(0.02, 1));
  EXPECT_EQ(part(one.trainFiles()), Part(0.02, 1));
  EXPECT_EQ(one.paths().size(), 4u); // a.txt, two of many, t.txt
  RecipeDomain both = readDomains("{train: a.txt, valid: 12.5 %, test: 25%}").recipe.domains.at(0);
  EXPECT_EQ(part(both.valid), Part(0, 0.125));
  EXPECT_EQ(part(both.train[0].files), Part(0.125, 0.75));
  EXPECT_EQ(part(both.scored()), Part(0.75, 1)); // another share of the one leaves the other as it is
  RecipeDomain test = readDomains("{train: a.txt, valid: v.txt, test: 1%}").recipe.domains.at(0);
  EXPECT_EQ(part(test.train[0].files), Part(0, 0.99));
  EXPECT_EQ(names(test.valid), "v.txt ");
}

TEST(Recipe, SharesThatAreRefused) {
  auto error = [](const std::string &domain) { return readDomains("{" + domain + "}").error; };
  for (const char *share : {"0%", "100%", "-1%", "nan%"})
    EXPECT_EQ(error(std::string("train: a.txt, valid: ") + share),
              std::string("recipe.yaml:5: 'domains.d.valid': expected a share between 0% and 100%, found ") + share);
  EXPECT_EQ(error("train: a.txt, valid: 50%, test: 50%"),
            "recipe.yaml:5: 'domains.d': expected shares of 'valid' and 'test' that leave something to train on, found "
            "50% and 50%");
  for (const char *domain : {"train: 98%, valid: 2%", "train: a.txt, valid: [2%]", "train: [{path: 3%}], valid: 2%"})
    EXPECT_NE(error(domain).find("%, a share, which stands alone behind 'valid' or 'test'"), std::string::npos)
        << domain;
  EXPECT_EQ(error("train: a.txt, valid: 0.02"),
            "recipe.yaml:5: 'domains.d.valid': expected a path, or a share such as 2%, found 0.02");
  EXPECT_NE(error("train: a.txt, valid: two%").find("expected an existing file or folder"), std::string::npos);
}

TEST(Recipe, WithoutExpertsOneForAll) {
  Recipe recipe = readDomains("{train: a.txt, valid: v.txt}\n  e: {train: many, valid: t.txt}", "").recipe;
  ASSERT_EQ(recipe.experts.size(), 1u);
  EXPECT_EQ(recipe.experts[0].name, "all");
  EXPECT_EQ(recipe.experts[0].training.domains, (std::vector<std::pair<std::string, double>>{{"d", 0.5}, {"e", 0.5}}));
}

} // namespace
