//===- LoraTest.cpp - what of a student is trained --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Checkpoint/CheckpointStore.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Runtime/Train/Lora.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sin.h>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

const LoraOptions Adapters{.rank = 2, .alpha = 3, .targets = {"q_proj", "o_proj"}};
const std::string Attention = "model.layers.0.self_attn.";

Program adapted(const LoraOptions &lora = Adapters) {
  return tinyStudent("xlstm-add-lora{" + lora.passOptions() + "},");
}

/// The student's params with adapters that do something.
ParamMap adaptedParams(at::ScalarType type) {
  ParamMap params = tinyStudentParams();
  addLoraParams(adapted().function("distill"), params);
  for (auto &[name, param] : params) {
    if (name.ends_with("lora_B.weight"))
      param = at::arange(param.numel(), at::kFloat).sin().view(param.sizes()).mul(0.3);
    param = param.to(type);
  }
  return params;
}

std::vector<at::Tensor> losses(const Program &program, const ParamMap &params, at::ScalarType type) {
  TokenRows rows = tinyRows(3, 5);
  int64_t B = rows.size(), T = rows.length();
  EvalOptions options;
  options.type = type;
  at::Tensor ids = at::arange(4, at::kInt).expand({B, T, 4}).contiguous();
  return program.run(
      "distill",
      {rows.ids_NT, rows.docStart_NT, rows.labels_NT, ids, at::full({B, T, 4}, -1.5), at::full({B, T}, -2.0)}, params,
      options);
}

class LoraTest : public TestFolder {
protected:
  TrainOptions options(Trained trained) {
    TrainOptions options = TrainOptions::distillation(14);
    options.batch = 4;
    options.rate.peak = 1e-2;
    options.validateEvery = 5;
    options.checkpointEvery = 4;
    options.trained = trained;
    options.lora = Adapters;
    return options;
  }
  DistillResult distill(const std::string &name, const TrainOptions &options) {
    if (!fs::exists(folder / "targets"))
      writeTinyTargets(rows.rows, folder / "targets");
    return distillExpert(options.trained == Trained::Lora ? adapted(options.lora) : tinyStudent(), tinyStudentParams,
                         rows, TargetStore::open(folder / "targets"), heldOut, options, folder / name);
  }
  std::set<std::string> checkpointed(const std::string &name) {
    std::set<std::string> names;
    for (const auto &[tensor, value] : readCheckpoint(folder / name / "checkpoints/step-000012").tensors)
      names.insert(tensor);
    return names;
  }

  MixedRows rows = mixRows({tinyRows(10, 1)}, {1});
  TokenRows heldOut = tinyRows(6, 100);
};

} // namespace

TEST_F(LoraTest, GradientsAreThoseOfDifferences) {
  Program program = adapted();
  ParamMap params = adaptedParams(at::kDouble);
  std::vector<std::string> names;
  for (auto &[name, param] : params)
    if (isLoraName(name)) {
      names.push_back(name);
      param.set_requires_grad(true);
    }
  ASSERT_EQ(names.size(), 4u);
  losses(program, params, at::kDouble)[0].backward();
  for (const std::string &name : names) {
    at::Tensor gradient = params[name].grad(), value = params[name].detach();
    double most = gradient.abs().max().item<double>();
    EXPECT_GT(most, 0) << name;
    for (int64_t i = 0; i < value.numel(); ++i) {
      ParamMap moved = params;
      double differences[2];
      for (int side : {0, 1}) {
        moved[name] = value.clone();
        moved[name].flatten()[i].add_(side ? 1e-5 : -1e-5);
        differences[side] = losses(program, moved, at::kDouble)[0].item<double>();
      }
      EXPECT_NEAR(gradient.flatten()[i].item<double>(), (differences[1] - differences[0]) / 2e-5, 1e-6 * most) << name;
    }
  }
}

TEST_F(LoraTest, NothingChangesWhileBIsZero) {
  ParamMap params = tinyStudentParams(), with = params;
  addLoraParams(adapted().function("distill"), with);
  ASSERT_EQ(with.size(), params.size() + 4);
  EXPECT_GT(with.at(Attention + "q_proj.lora_A.weight").abs().min().item<double>(), 0);
  std::vector<at::Tensor> base = losses(tinyStudent(), params, at::kFloat), got = losses(adapted(), with, at::kFloat);
  for (size_t i = 0; i < base.size(); ++i)
    EXPECT_TRUE(base[i].equal(got[i])) << i;
}

TEST_F(LoraTest, MergedIsUnmerged) {
  for (auto [type, most] : {std::pair(at::kDouble, 1e-13), {at::kFloat, 2e-6}}) {
    ParamMap params = adaptedParams(type);
    double with = losses(adapted(), params, type)[0].item<double>();
    double without = losses(tinyStudent(), params, type)[0].item<double>();
    mergeLora(params, Adapters.scale());
    EXPECT_EQ(params.size(), tinyStudentParams().size());
    double merged = losses(tinyStudent(), params, type)[0].item<double>();
    EXPECT_NEAR(merged, with, most * with);
    EXPECT_GT(std::abs(merged - without), 5e-3);
  }
  // By hand: one weight of ones, A = [1 2], B = [3, 5].
  ParamMap params = {{"x.weight", at::full({2, 2}, 1.0)},
                     {"x.lora_A.weight", at::arange(1, 3, at::kFloat).view({1, 2})},
                     {"x.lora_B.weight", at::arange(3, 7, 2, at::kFloat).view({2, 1})}};
  mergeLora(params, 0.5);
  EXPECT_TRUE(params.at("x.weight").flatten().equal(at::tensor({2.5f, 4.0f, 3.5f, 6.0f})));
}

TEST_F(LoraTest, AdaptersWithoutTheirPartsAreErrors) {
  ParamMap params = adaptedParams(at::kFloat);
  params.erase(Attention + "q_proj.lora_B.weight");
  EXPECT_ERROR(mergeLora(params, 1), "adapter '" + Attention + "q_proj.lora_A.weight': tensor '" + Attention +
                                         "q_proj.lora_B.weight' is missing");
  params = adaptedParams(at::kFloat);
  params[Attention + "q_proj.weight"] = at::full({3, 8}, 0.0);
  EXPECT_ERROR(mergeLora(params, 1), "expected a product of shape [3, 8], found [8, 8]");
}

TEST_F(LoraTest, MixerOnlyLeavesTheRest) {
  ParamMap before = tinyStudentParams(), after = distill("m", options(Trained::Mixer)).params;
  ASSERT_EQ(before.size(), after.size());
  for (const auto &[name, value] : before) {
    bool isNew = name.find("_map.") != name.npos || name.find("_gate.") != name.npos;
    EXPECT_EQ(after.at(name).equal(value), !isNew) << name;
  }
  for (const std::string &name : checkpointed("m"))
    EXPECT_TRUE(name.find("_map.") != name.npos || name.find("_gate.") != name.npos) << name;
}

TEST_F(LoraTest, TheBaseMovesByTheAdaptersAlone) {
  ParamMap before = tinyStudentParams(), after = distill("l", options(Trained::Lora)).params;
  ASSERT_EQ(before.size(), after.size());
  for (const char *same : {"embed", "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.v_proj.weight"})
    EXPECT_TRUE(after.at(same).equal(before.at(same))) << same;
  for (const char *other : {"q_proj.weight", "o_proj.weight", "f_gate.bias"})
    EXPECT_FALSE(after.at(Attention + other).equal(before.at(Attention + other))) << other;
  std::set<std::string> names = checkpointed("l");
  EXPECT_EQ(names.size(), 3 * (8u + 4u)); // new tensors and adapters, with two moments each
  EXPECT_FALSE(names.contains("param/embed"));
  EXPECT_TRUE(names.contains("m/" + Attention + "o_proj.lora_B.weight"));
}

TEST_F(LoraTest, StoppedRunsEndWhereUninterruptedOnesDo) {
  ParamMap whole = distill("whole", options(Trained::Lora)).params;
  struct Stop {};
  for (int64_t step : {3, 9, 13}) {
    TrainOptions stopping = options(Trained::Lora);
    stopping.onStep = [step](int64_t done) {
      if (done == step)
        throw Stop();
    };
    EXPECT_THROW(distill("parts", stopping), Stop);
  }
  EXPECT_TRUE(sameParams(whole, distill("parts", options(Trained::Lora)).params));
  EXPECT_EQ(get(folder / "whole/metrics.jsonl"), get(folder / "parts/metrics.jsonl"));
  TrainOptions other = options(Trained::Lora);
  other.lora.alpha = 4;
  EXPECT_ERROR(distill("parts", other), "/options/lora = \"rank=2 alpha=3 targets=q_proj,o_proj\"");
}

// New tensors by their own rate: with none for the others these stay, and the other way round.
TEST_F(LoraTest, NewTensorsHaveTheirOwnRate) {
  for (bool isNew : {false, true}) {
    TrainOptions o = options(Trained::Full);
    o.rate = {.peak = isNew ? 0 : 1e-2, .final = 0, .warmup = 0, .cosine = false};
    o.newPeak = isNew ? 1e-2 : 0;
    ParamMap before = tinyStudentParams(), after = distill(isNew ? "new" : "old", o).params;
    for (const char *name : {"q_map.weight", "f_gate.weight"})
      EXPECT_EQ(after.at(Attention + name).equal(before.at(Attention + name)), !isNew) << name;
    EXPECT_EQ(after.at(Attention + "q_proj.weight").equal(before.at(Attention + "q_proj.weight")), isNew);
  }
}

TEST_F(LoraTest, AdaptersStartWithinTheirBound) {
  FunctionSpec spec;
  spec.params = {{{"a", DType::F32, {30, 400}}, "uniform"}, {{"b", DType::F32, {30, 400}}, "uniform"}};
  ParamMap params = initialParams(spec);
  at::Tensor a = params.at("a");
  EXPECT_LE(a.abs().max().item<double>(), 0.05);
  EXPECT_GT(a.abs().max().item<double>(), 0.0499);
  EXPECT_LT(std::abs(a.mean().item<double>()), 4 * 0.05 / std::sqrt(3 * 12000.0));
  EXPECT_NEAR(a.square().mean().item<double>(), 0.05 * 0.05 / 3, 3e-5);
  EXPECT_TRUE(a.equal(initialParams(spec).at("a")));
  EXPECT_FALSE(a.equal(params.at("b")));
}
