//===- EvaluationTest.cpp - results of a whole comparison -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Support/Error.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace fs = std::filesystem;
using namespace xlstm;
using namespace xlstm::test;

namespace {

/// Teacher and student of one domain and one task of each kind; counts how often programs with state are asked for.
class EvaluationTest : public testing::Test {
protected:
  EvaluationTest() {
    write(
        folder.path / "arith.jsonl",
        R"({"id": "a0", "prompt": "Question: What is 9 * 2?\nAnswer: 18\n\nQuestion: What is 21 + 24?\nAnswer:", "answer": " 45"})"
        "\n"
        R"({"id": "a1", "prompt": "Question: What is 1 + 2?\nAnswer:", "answer": " 3"})"
        "\n");
    write(folder.path / "next.jsonl",
          R"({"id": "n0", "prompt": "for i in", "choices": [" range(3):\n", " zzz qqq\n"], "label": 0})"
          "\n");
    domains = {{"prose", {"It was the best of times, it was the worst of times.", "A second document."}}};
    tasks = {loadTask(folder.path / "arith.jsonl", 0), loadTask(folder.path / "next.jsonl", 0)};
    settings.pieceTokens = 16;
    settings.gateTokens = 8;
  }

  EvalModel model(const std::string &name, const LoadedModel &loaded) {
    auto counted = [this, loaded] {
      LoadedModel copy = loaded;
      copy.stateful = [this, loaded](int64_t context, bool allLogits) {
        ++measured;
        return loaded.stateful(context, allLogits);
      };
      return copy;
    };
    return {name, counted, name};
  }

  Json run(const std::vector<EvalModel> &models) {
    return evaluateModels(models, tinyVocabulary(), domains, tasks, settings, folder.path / "eval");
  }

  TemporaryFolder folder;
  std::vector<Domain> domains;
  std::vector<Task> tasks;
  EvaluationSettings settings;
  int measured = 0;
};

} // namespace

TEST_F(EvaluationTest, ResultsHaveTheAgreedShape) {
  Json results = run({model("teacher", tinyTeacher()), model("merged", tinyStudent())});
  EXPECT_EQ(results, readJsonFile(folder.path / "eval" / "results.json"));
  for (const char *name : {"teacher", "merged"}) {
    const Json &scores = results.at("models").at(name);
    EXPECT_GT(scores.at("bits_per_byte").at("prose").get<double>(), 0.5);
    EXPECT_TRUE(scores.at("tasks").at("arith").at("exact_match").is_number());
    EXPECT_TRUE(scores.at("tasks").at("next").at("acc").is_number());
    EXPECT_TRUE(scores.at("tasks").at("next").at("acc_norm").is_number());
  }
  double teacher = results["models"]["teacher"]["bits_per_byte"]["prose"],
         student = results["models"]["merged"]["bits_per_byte"]["prose"];
  EXPECT_NEAR(results["recovery"]["merged"]["prose"].get<double>(), teacher / student, 1e-12);
  EXPECT_EQ(results["c_alpha"]["merged"]["c_alpha"].size(), 101u);
  EXPECT_EQ(results["alpha_star"], results["c_alpha"]["merged"]["alpha_star"]);
  // Tasks alone are counted, and of them those that the teacher can do at all.
  for (const char *task : {"arith", "next"}) {
    const Json &curve = results["c_alpha"]["merged"];
    bool counted = std::ranges::find(curve["benchmarks"], Json(task)) != curve["benchmarks"].end();
    EXPECT_NE(counted, curve["left_out"].contains(task)) << task;
  }
  EXPECT_FALSE(std::ranges::count(results["c_alpha"]["merged"]["benchmarks"], Json("prose")));
  const Json &agreement = results["agreement"]["merged"]["prose"];
  EXPECT_GT(agreement["kl"].get<double>(), 0.001);
  EXPECT_LE(agreement["top1"].get<double>(), 1);
  EXPECT_EQ(agreement["tokens"], results["settings"]["domains"]["prose"]["tokens"]);
  EXPECT_EQ(results["answers"]["arith"].size(), 2u);
  EXPECT_EQ(results["gates"]["merged"].size(), 4u);
  EXPECT_FALSE(results["gates"].contains("teacher"));
  EXPECT_EQ(results["sizes"]["teacher"]["parameters"], 1000576);
  // Keys and values of 2 heads of 32, for 2048 tokens, in 4 layers, float32.
  EXPECT_EQ(results["sizes"]["teacher"]["state_bytes"], 2 * 2 * 32 * 2048 * 4 * 4);
  EXPECT_EQ(results["sizes"]["teacher"]["state_a_token"], 2 * 2 * 32 * 4 * 4);
  EXPECT_EQ(results["sizes"]["teacher"]["state_fixed"], 0);
  EXPECT_EQ(results["sizes"]["merged"]["state_a_token"], 0);
  EXPECT_EQ(results["sizes"]["merged"]["state_fixed"], results["sizes"]["merged"]["state_bytes"]);
}

TEST_F(EvaluationTest, ATeacherAgreesWithItself) {
  Json results = run({model("teacher", tinyTeacher()), model("copy", tinyTeacher())});
  EXPECT_NEAR(results["agreement"]["copy"]["prose"]["kl"].get<double>(), 0, 1e-9);
  EXPECT_EQ(results["agreement"]["copy"]["prose"]["top1"], 1);
  EXPECT_EQ(results["text_excess_intervals"]["copy"]["prose"], nullptr); // of two rows or three nothing can be said
  settings.countText = true;
  results = run({model("teacher", tinyTeacher()), model("copy", tinyTeacher())});
  EXPECT_EQ(results["c_alpha"]["copy"]["benchmarks"][0], "prose");
  EXPECT_EQ(results["alpha_star"], 0);
}

TEST_F(EvaluationTest, WhatIsThereIsNotMeasuredAgain) {
  std::vector<EvalModel> models = {model("teacher", tinyTeacher())};
  Json first = run(models);
  int once = measured;
  EXPECT_GT(once, 0);
  EXPECT_EQ(run(models), first);
  EXPECT_EQ(measured, once);
  // One part lost, as after a kill: that one alone is measured, with the same result.
  fs::remove(folder.path / "eval" / "parts" / "teacher" / "task-arith.json");
  EXPECT_EQ(run(models), first);
  EXPECT_EQ(measured, once + 1);
}

TEST_F(EvaluationTest, OtherWeightsProgramsOrItemsAreMeasuredAnew) {
  run({model("teacher", tinyTeacher())});
  int once = measured;
  tasks[0].items[1].answer = " 4";
  run({model("teacher", tinyTeacher())});
  EXPECT_EQ(measured, once + 1);
  LoadedModel changed = tinyTeacher();
  changed.params["model.norm.weight"] = changed.params["model.norm.weight"].mul(1.01);
  run({model("teacher", changed)});
  EXPECT_EQ(measured, once + 1 + once);
  EvalModel other = model("teacher", changed);
  other.source = "another module";
  run({other});
  EXPECT_EQ(measured, once + 1 + 2 * once);
}

TEST_F(EvaluationTest, HarnessLayout) {
  run({model("teacher", tinyTeacher())});
  run({model("teacher", tinyTeacher())}); // takes the place of the first
  std::map<std::string, fs::path> files;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder.path / "eval" / "teacher")) {
    std::string name = entry.path().filename().string();
    files[name.substr(0, name.find("_20"))] = entry.path();
  }
  ASSERT_EQ(files.size(), 3u);
  Json json = readJsonFile(files.at("results"));
  EXPECT_TRUE(json["results"]["arith"]["exact_match,first"].is_number());
  EXPECT_TRUE(json["results"]["arith"]["exact_match_stderr,first"].is_number());
  EXPECT_TRUE(json["results"]["next"]["acc,none"].is_number());
  EXPECT_TRUE(json["results"]["prose"]["bits_per_byte,none"].is_number());
  EXPECT_EQ(json["higher_is_better"]["prose"]["bits_per_byte"], false);
  EXPECT_EQ(json["n-samples"]["arith"]["effective"], 2);
  EXPECT_EQ(json["configs"]["next"]["output_type"], "multiple_choice");
  std::string samples = read(files.at("samples_arith"));
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 2);
}

TEST_F(EvaluationTest, BadInputIsRefused) {
  EvalModel teacher = model("teacher", tinyTeacher());
  EXPECT_THROW(run({teacher, teacher}), Error);
  EvalModel outside = teacher;
  outside.name = "../teacher";
  EXPECT_THROW(run({outside}), Error);
  domains[0].documents.clear();
  EXPECT_THROW(run({teacher}), Error);
}
