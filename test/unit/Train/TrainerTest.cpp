//===- TrainerTest.cpp - stages I and II on a tiny model, resumed runs ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Interrupt.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <ATen/Parallel.h>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

TrainOptions shortRun(TrainOptions options, double rate) {
  options.batch = 4;
  options.rate.peak = rate;
  options.validateEvery = 5;
  options.checkpointEvery = 4;
  return options;
}

class TrainerTest : public TestFolder {
protected:
  TrainerTest() { at::set_num_threads(1); } // a forked child has none of the parent's threads

  AlignResult align(const std::string &name, TrainOptions options = shortRun(TrainOptions::alignment(20), 2e-2)) {
    return alignStudent(tinyAlign, tinyTeacherParams(), rows, heldOut, options, folder / name);
  }
  DistillResult distill(const std::string &name,
                        TrainOptions options = shortRun(TrainOptions::distillation(14), 1e-2)) {
    if (!fs::exists(folder / "targets"))
      writeTinyTargets(rows.rows, folder / "targets");
    return distillExpert(student, tinyStudentParams, rows, TargetStore::open(folder / "targets"), heldOut, options,
                         folder / name);
  }
  std::vector<Json> log(const std::string &name) { return logOf(folder / name); }

  Program alignProgram = tinyAlign(), student = tinyStudent();
  MixedRows rows = mixRows({tinyRows(10, 1), tinyRows(6, 2)}, {0.5, 0.5});
  TokenRows heldOut = tinyRows(6, 100);
};

struct Stop {};

/// `options` for a run that is stopped behind `step` steps.
TrainOptions stopping(TrainOptions options, int64_t step) {
  options.onStep = [step](int64_t done) {
    if (done == step)
      throw Stop();
  };
  return options;
}

} // namespace

TEST_F(TrainerTest, alignmentLowersTheHeldOutLossOfNewParamsOnly) {
  TrainOptions options = shortRun(TrainOptions::alignment(150), 2e-2);
  AlignResult result = align("a", options);
  EXPECT_EQ(result.trained.size(), 8u); // two maps, three gates with biases
  EXPECT_FALSE(result.trained.contains("model.layers.0.self_attn.q_proj.weight"));
  const AlignReport &report = result.report;
  ASSERT_EQ(report.layers.size(), 1u);
  EXPECT_LT(report.final(true), 0.8 * report.initial(true));
  EXPECT_LT(report.final(true), report.windowOnly(true));
  EXPECT_DOUBLE_EQ(report.final(true), report.layers[0].final / report.layers[0].energy);
  Json saved = Json::parse(get(folder / "a/report.json"));
  EXPECT_EQ(saved["layers"][0]["final"], report.layers[0].final);

  // The reported numbers, from the program itself in one batch.
  ParamMap params = tinyTeacherParams();
  for (const auto &[name, value] : result.trained)
    params[name] = value;
  auto values = alignProgram.run("align", {heldOut.ids_NT, heldOut.docStart_NT}, params);
  const FunctionSpec &spec = alignProgram.function("align");
  for (size_t i = 0; i < values.size(); ++i) {
    double value = values[i].item<double>();
    if (spec.results[i].name == "layers.0.loss") {
      EXPECT_NEAR(report.layers[0].final, value, 1e-5 * value);
    } else if (spec.results[i].name == "layers.0.window_loss") {
      EXPECT_NEAR(report.layers[0].windowOnly, value, 1e-5 * value);
    }
  }
}

TEST_F(TrainerTest, distillationLowersCrossEntropyAndKeepsTheBest) {
  TrainOptions options = shortRun(TrainOptions::distillation(60), 1e-2);
  DistillResult result = distill("d", options);
  EXPECT_LT(result.report.best, 0.8 * result.report.initial);
  double least = INFINITY, step = -1;
  for (const Json &line : log("d"))
    if (line.contains("held_out") && line["held_out"] < least) {
      least = line["held_out"];
      step = line["step"];
    }
  EXPECT_EQ(result.report.best, least);
  EXPECT_EQ(result.report.bestStep, step);
  EXPECT_FALSE(sameParams(result.params, tinyStudentParams()));

  options.steps = 3;
  options.rate = {.peak = 2, .final = 2}; // far too high: step 0 stays the best
  result = distill("worse", options);
  EXPECT_EQ(result.report.bestStep, 0);
  EXPECT_TRUE(sameParams(result.params, tinyStudentParams()));
}

TEST_F(TrainerTest, logsRatesNormsAndGateRanges) {
  distill("d");
  std::vector<Json> lines = log("d");
  ASSERT_EQ(lines.size(), 14u + 4u); // validation at 0, 5, 10, 14
  EXPECT_EQ(lines[0]["step"], 0);
  EXPECT_TRUE(lines[0].contains("held_out"));
  const Json &first = lines[1];
  EXPECT_EQ(first["step"], 1);
  EXPECT_NEAR(first["loss"].get<double>(), 0.9 * first["ce"].get<double>() + 0.1 * first["kl"].get<double>(), 1e-5);
  EXPECT_DOUBLE_EQ(first["lr"], 1e-2);
  EXPECT_GT(first["grad_norm"], 0.0);
  EXPECT_EQ(first["f_gate"], (Json{4.0, 4.0})); // weights 0, bias 4
  EXPECT_EQ(first["i_gate"], (Json{0.0, 0.0}));
  EXPECT_LT(lines[2]["f_gate"][0], lines[2]["f_gate"][1]);
}

TEST_F(TrainerTest, microBatchesAddUpToTheBatch) {
  TrainOptions options = shortRun(TrainOptions::distillation(3), 1e-2);
  DistillResult whole = distill("whole", options);
  options.microBatch = 3;
  DistillResult parts = distill("parts", options);
  for (const char *name : {"embed", "model.layers.0.self_attn.o_proj.weight"})
    EXPECT_LT(whole.params.at(name).sub(parts.params.at(name)).abs().max().item<double>(), 1e-4) << name;
  for (int step : {1, 2, 3})
    for (const char *key : {"loss", "ce", "kl", "grad_norm"})
      EXPECT_NEAR(log("whole")[step][key].get<double>(), log("parts")[step][key].get<double>(), 1e-4) << key;
}

TEST_F(TrainerTest, stoppedRunsEndWhereUninterruptedOnesDo) {
  AlignResult whole = align("whole");
  for (int64_t step : {1, 4, 7, 15})
    EXPECT_THROW(align("parts", stopping(shortRun(TrainOptions::alignment(20), 2e-2), step)), Stop);
  AlignResult parts = align("parts");
  EXPECT_TRUE(sameParams(whole.trained, parts.trained));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
  EXPECT_EQ(get(folder / "whole/report.json"), get(folder / "parts/report.json"));
  // Once more: nothing is left to do.
  EXPECT_TRUE(
      sameParams(whole.trained, align("parts", stopping(shortRun(TrainOptions::alignment(20), 2e-2), 20)).trained));
}

TEST_F(TrainerTest, aDamagedNewestCheckpointCostsStepsOnly) {
  DistillResult whole = distill("whole");
  EXPECT_THROW(distill("parts", stopping(shortRun(TrainOptions::distillation(14), 1e-2), 11)), Stop);
  put("parts/checkpoints/step-000008/state.safetensors", "broken");
  DistillResult parts = distill("parts");
  EXPECT_TRUE(sameParams(whole.params, parts.params));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
}

TEST_F(TrainerTest, killedRunsEndWhereUninterruptedOnesDo) {
  DistillResult whole = distill("whole");
  int runs = 0;
  for (bool finished = false; !finished; ++runs) {
    ASSERT_LT(runs, 20);
    pid_t child = ::fork();
    if (child == 0) { // killed three steps on, at a checkpoint, a validation or between
      TrainOptions options = shortRun(TrainOptions::distillation(14), 1e-2);
      int steps = 0;
      options.onStep = [&](int64_t) {
        if (++steps == 3 + runs % 3)
          ::kill(::getpid(), SIGKILL);
      };
      try {
        distill("parts", options);
      } catch (...) {
        ::_exit(2);
      }
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    finished = WIFEXITED(status);
    EXPECT_TRUE(!finished || WEXITSTATUS(status) == 0);
  }
  EXPECT_GT(runs, 3);
  EXPECT_TRUE(sameParams(whole.params, distill("parts").params));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
}

TEST_F(TrainerTest, aSignalSavesACheckpointBehindTheStep) {
  DistillResult whole = distill("whole");
  for (int64_t step : {2, 4, 7, 14}) { // at a checkpoint, between, at the end
    pid_t child = ::fork();
    if (child == 0) {
      catchInterrupts("test");
      TrainOptions options = shortRun(TrainOptions::distillation(14), 1e-2);
      options.onStep = [&](int64_t done) {
        if (done == step)
          ::raise(SIGTERM);
      };
      std::string line = "distill stopped after step " + std::to_string(step) + " of 14, its checkpoint is saved in ";
      try {
        distill("parts", options);
      } catch (const Stopped &stopped) {
        ::_exit(stopped.signal == SIGTERM && stopped.line.starts_with(line) ? 0 : 1);
      } catch (...) {
      }
      ::_exit(2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    std::string digits = std::to_string(1000000 + step).substr(1);
    EXPECT_TRUE(fs::exists(folder / "parts/checkpoints" / ("step-" + digits)));
  }
  EXPECT_TRUE(sameParams(whole.params, distill("parts").params));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
  for (const auto &entry : fs::directory_iterator(folder / "parts/checkpoints")) // and the same checkpoints are left
    EXPECT_EQ(get(entry.path() / "state.safetensors"),
              get(folder / "whole/checkpoints" / entry.path().filename() / "state.safetensors"));
}

TEST_F(TrainerTest, refusesToGoOnWithOtherSettingsOrData) {
  align("a");
  TrainOptions other = shortRun(TrainOptions::alignment(20), 3e-2);
  EXPECT_ERROR(align("a", other), "was begun with /options/rate/0 = 0.02, now it is 0.03");
  heldOut = tinyRows(6, 101);
  EXPECT_ERROR(align("a"), "/more/held_out");
  fs::resize_file(folder / "a/metrics.jsonl", 10);
  heldOut = tinyRows(6, 100);
  EXPECT_ERROR(align("a"), "metrics.jsonl: expected at least");
}

TEST_F(TrainerTest, stopsAtALossThatIsNotFinite) {
  rows.rows.labels_NT.fill_(-1);
  distill("unlabelled", shortRun(TrainOptions::distillation(2), 1e-2)); // no label: no gradient, no division by zero
  TrainOptions options = shortRun(TrainOptions::alignment(20), 1e30);
  EXPECT_ERROR(align("a", options), "a lower learning rate");
  options.batch = 0;
  EXPECT_ERROR(align("b", options), "out of range");
  auto window = [](const std::vector<double> &) {
    return Program::parse(rewriteModule(tinyTeacher(), "tiny", "xlstm-build-align{mixer=window window=4}"), "tiny");
  };
  // Nothing that could be trained: the student stays as it is, and its losses are reported.
  AlignResult kept = alignStudent(window, tinyTeacherParams(), rows, heldOut, TrainOptions::alignment(1), folder / "c");
  EXPECT_TRUE(kept.trained.empty());
  EXPECT_EQ(kept.report.steps, 0);
  EXPECT_GT(kept.report.final(), 0);
  EXPECT_EQ(kept.report.final(), kept.report.windowOnly());
}
