//===- StepsTest.cpp - a few training steps, done again by hand -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "runtime/Train/SpeedLog.h"
#include "runtime/Train/StepNote.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Train/Distill.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <cmath>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

class StepsTest : public TestFolder {
protected:
  MixedRows data = mixRows({tinyRows(5, 1), tinyRows(3, 2)}, {0.75, 0.25});
  TokenRows heldOut = tinyRows(2, 100);
};

/// One tensor under AdamW's formula, in float64.
struct Moments {
  at::Tensor m, v;
};

} // namespace

// Rows in the order of rowOrder, gradients of one batch alone, clipped together; warm-up, then a falling rate; decay of
// matrices that are no gates.
TEST_F(StepsTest, DistillationIsTheFormula) {
  TrainOptions options = TrainOptions::distillation(5);
  options.batch = 3;
  options.rate = {.peak = 2e-2, .final = 1e-3, .warmup = 2, .cosine = true};
  options.adamw.weightDecay = 0.3;
  options.adamw.eps = 1e-3; // where a gradient is rounding alone (a constant of all input gates), it moves nothing
  options.clip = 0.5;
  options.seed = 4;
  options.validateEvery = 1;
  writeTinyTargets(data.rows, folder / "targets");
  TargetStore store = TargetStore::open(folder / "targets");
  Program student = tinyStudent();

  std::vector<int64_t> order = rowOrder(data.counts, data.weights, options.seed, 15, shuffledTogether(12));
  ParamMap params;
  std::map<std::string, Moments> moments;
  for (const auto &[name, param] : tinyStudentParams()) {
    params[name] = param.to(at::kFloat).clone();
    moments[name] = {at::zeros_like(param, at::kDouble), at::zeros_like(param, at::kDouble)};
  }
  std::vector<double> losses;
  for (int64_t t = 0; t < 5; ++t) {
    TokenRows batch = data.rows.select(std::span(order).subspan(t * 3, 3));
    Targets targets = store.batch(batch);
    ParamMap leaves;
    for (const auto &[name, param] : params)
      leaves[name] = param.detach().clone().set_requires_grad(true);
    auto results = student.run(
        "distill",
        {batch.ids_NT, batch.docStart_NT, batch.labels_NT, targets.ids_BTK, targets.logprobs_BTK, targets.tail_BT},
        leaves);
    results[0].backward();
    losses.push_back(results[0].item<double>());
    c10::NoGradGuard noGrad;
    double square = 0;
    for (const auto &[name, leaf] : leaves)
      square += leaf.grad().to(at::kDouble).square().sum().item<double>();
    double clip = std::min(1.0, 0.5 / std::sqrt(square));
    double rate = t < 2 ? 2e-2 * double(t + 1) / 2 : 1e-3 + 1.9e-2 * (1 + std::cos(M_PI * double(t - 2) / 2)) / 2;
    for (auto &[name, param] : params) {
      at::Tensor g = leaves[name].grad().to(at::kDouble) * clip;
      auto &[m, v] = moments[name];
      const AdamWOptions &o = options.adamw;
      m = o.beta1 * m + (1 - o.beta1) * g, v = o.beta2 * v + (1 - o.beta2) * g * g;
      double decay = param.dim() >= 2 && name.find("_gate.") == std::string::npos ? 0.3 : 0;
      at::Tensor step = m / (1 - std::pow(o.beta1, t + 1)) / ((v / (1 - std::pow(o.beta2, t + 1))).sqrt() + o.eps);
      param = (param.to(at::kDouble) * (1 - rate * decay) - rate * step).to(at::kFloat);
    }
  }

  std::vector<double> found;
  DistillResult result = distillExpert(student, tinyStudentParams, data, store, heldOut, options, folder / "run");
  std::ifstream log(folder / "run/metrics.jsonl");
  for (std::string line; std::getline(log, line);)
    if (Json entry = Json::parse(line); entry.contains("loss"))
      found.push_back(entry["loss"]);
  ASSERT_EQ(found.size(), losses.size());
  for (size_t t = 0; t < losses.size(); ++t)
    EXPECT_NEAR(found[t], losses[t], 1e-4 * losses[t]) << "step " << t + 1;
  ASSERT_EQ(result.report.bestStep, 5) << "the result is not that of the last step";
  for (const auto &[name, param] : params)
    EXPECT_LT(result.params.at(name).sub(param).abs().max().item<double>(), 1e-4) << name;
}

TEST(StepNote, SaysSpeedAndMemory) {
  auto before = std::chrono::steady_clock::now();
  StepNote note({4e6, 1e15}, /*areWritten=*/false, c10::kCPU); // 2.5e8 tokens a second would be all of it
  StepNote written({4e6, 1e15}, /*areWritten=*/true, c10::kCPU);
  note.after(3, 1'500'000);
  std::string text = note.after(2.5, 500'000);
  double least = 2e6 / std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  double loss = 0, speed = 0, memory = 0, share = 0;
  ASSERT_EQ(std::sscanf(text.c_str(), "loss %lf  %lf tokens/s  %lf GB  %lf %% of matmul", &loss, &speed, &memory, &share),
            4)
      << text;
  EXPECT_NEAR(share, 100 * speed / 2.5e8, 0.5);
  EXPECT_EQ(loss, 2.5);
  EXPECT_GE(speed, std::floor(least)); // of both steps
  EXPECT_GT(memory, 0);
  EXPECT_LT(memory, 64);
  written.after(3, 40);
  text = written.after(2.5, 2);
  EXPECT_TRUE(text.starts_with("loss 2.5000  42 tokens written  ")) << text;
  EXPECT_EQ(text.find("matmul"), std::string::npos) << text;
  StepNote plain({4e6, 0}, /*areWritten=*/false, c10::kCPU);
  EXPECT_EQ(plain.after(1, 1'000'000).find("matmul"), std::string::npos);
}

class SpeedLogTest : public TestFolder {};

TEST_F(SpeedLogTest, TellsOfTheStepsBetweenValidationsAndIsCutBehindTheCheckpoint) {
  fs::path file = folder / "speed.jsonl";
  {
    SpeedLog log(file, 0, {2e6, 1e12}, c10::kCPU);
    log.end(0); // the start
    log.begin(0);
    log.count(10'000), log.count(20'000);
    log.end(30);
    log.begin(30);
    log.count(20'000);
    log.end(50);
  }
  std::string text = get(file), first = text.substr(0, text.find('\n') + 1);
  Json line = Json::parse(first);
  EXPECT_EQ(line["step"], 30);
  EXPECT_EQ(line["steps"], 30);
  EXPECT_NEAR(line["tokens_per_second"].get<double>() * line["seconds"].get<double>(), 30000, 1e-6);
  EXPECT_NEAR(line["share"].get<double>() / line["tokens_per_second"].get<double>(), 2e6 / 1e12, 1e-18);
  EXPECT_GT(line["bytes"], 0);
  Json second = Json::parse(text.substr(first.size()));
  EXPECT_EQ(second["step"], 50);
  EXPECT_NEAR(second["tokens_per_second"].get<double>() * second["seconds"].get<double>(), 20000, 1e-6);
  put("speed.jsonl", text + "{\"step\": 60, \"ste"); // killed, and started again behind step 40
  SpeedLog again(file, 40, {0, 0}, c10::kCPU);
  EXPECT_EQ(get(file), first);
  again.begin(40);
  again.end(50);
  EXPECT_FALSE(Json::parse(get(file).substr(first.size())).contains("share"));
}
