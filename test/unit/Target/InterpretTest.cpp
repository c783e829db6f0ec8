//===- InterpretTest.cpp - plans for a GPU, run here ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TargetTest.h"

#include "lib/Target/Native/PlaceWeight.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Target/Interpret.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace xlstm;
using namespace xlstm::test;
namespace fs = std::filesystem;

/// The plan of a bundle with its weights where the plan wants them.
static std::unique_ptr<PlanInterpreter> plan(const fs::path &folder, const CudaTargetOptions &options) {
  Bundle bundle = Bundle::open(folder);
  auto result = std::make_unique<PlanInterpreter>(readTextFile(bundle.modelFile()), folder, options);
  std::span<std::byte> memory = result->weightMemory();
  for (const WeightPlacement &weight : result->weights()) {
    const StoredTensor &stored = bundle.weights.get(weight.tensor.name);
    auto at = memory.begin() + static_cast<ptrdiff_t>(weight.offset);
    placeWeight(weight, stored.bytes,
                [&](std::span<const std::byte> bytes) { at = std::copy(bytes.begin(), bytes.end(), at); });
  }
  return result;
}

static at::Tensor run(PlanInterpreter &plan, const std::string &function, const at::Tensor &ids_BT) {
  at::Tensor ids = ids_BT.contiguous();
  std::vector<float> logits = plan.run(function, {ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel())});
  return at::tensor(logits).reshape({ids.size(0), -1});
}

/// Two texts side by side, in pieces of 32 and 8 tokens and one by one, against the forward pass.
static double worstLogits(const fs::path &bundle, int64_t tokens, int64_t vocab = 2048) {
  auto interpreted = plan(bundle, {DType::F32, 2, {8, 32}});
  at::Tensor ids_BT = at::cat({makeIds(tokens, vocab), makeIds(tokens, vocab).flip(1)});
  at::Tensor expected_BTV = Forward(bundle).logits(ids_BT);
  double worst = 0;
  int64_t done = 0;
  auto advance = [&](const std::string &function, int64_t count) {
    at::Tensor logits_BV = run(*interpreted, function, ids_BT.narrow(1, done, count));
    done += count;
    worst = std::max(worst, largestDifference(logits_BV, expected_BTV.select(1, done - 1)));
  };
  for (int64_t count : {8, 1, 32, 1, 8, 32})
    advance(count == 1 ? "decode" : "prefill_" + std::to_string(count), count);
  while (done < tokens)
    advance("decode", 1);
  return worst;
}

// What the CPU target takes the CUDA target takes: the hybrid, ablations, layers that stay attention, teachers.
TEST(InterpretTest, EveryModelsPlanGivesTheForwardPass) {
  EXPECT_LT(worstLogits(tinyStudent().bundle, 150), 1e-3);
  EXPECT_LT(worstLogits(tinyTeacher().bundle, 100), 1e-3);
  int count = 0;
  for (const char *options :
       {"mixer=mlstm", "mixer=linear-attention feature-map=elu", "mixer=window window=7 sinks=0",
        "feature-map=elu window=16 sinks=2", "mixer=gated_delta window=16", "window=13 sinks=2 layers=1",
        "window=16 sinks=2 keep-heads=0:1;1:2,3;2:0,1,2"}) {
    fs::path bundle = makeStudent(tinyTeacher().bundle, options, "interpreted-" + std::to_string(count++));
    EXPECT_LT(worstLogits(bundle, 100), 1e-3) << options;
  }
}

// Biases, a norm over all heads in front of them, norms of each head; kept in front of the others, behind and between
// them.
TEST(InterpretTest, HeadsThatStayAttentionInEveryFamily) {
  int count = 0;
  for (auto [name, vocab, keep] :
       {std::tuple("olmo2-mha", 272, "0:1"), {"llama-bias", 288, "0:2,3"}, {"qwen3-tied", 272, "1:0,1"}}) {
    std::string own = "family-" + std::to_string(count++);
    fs::path teacher = importTeacher(fs::path(inputs) / "hf" / name, own + "-teacher");
    fs::path bundle = makeStudent(teacher, "window=8 sinks=2 keep-heads=" + std::string(keep), own);
    EXPECT_LT(worstLogits(bundle, 90, vocab), 1e-3) << name;
  }
}

// Whole key heads are views wherever they stand: prefill of two texts and decode copy as little as without them.
TEST(InterpretTest, HeadsThatStayAttentionAreNotCopied) {
  fs::path bundle = makeStudent(tinyTeacher().bundle, "window=16 sinks=2 keep-heads=0:0,1;1:2,3", "not-copied");
  auto interpreted = plan(bundle, {DType::F32, 2, {8}});
  std::map<std::string, int> calls;
  interpreted->onWrite = [&](const WrittenView &view) { ++calls[view.kernel]; };
  at::Tensor ids_BT = makeIds(16, 2048).reshape({2, 8});
  run(*interpreted, "prefill_8", ids_BT);
  run(*interpreted, "decode", ids_BT.slice(1, 7));
  EXPECT_GT(calls["attention"], 0);
  EXPECT_GT(calls["hybrid_step"], 0);
  EXPECT_EQ(calls["copy"], 0);
}

// Sliding layers, biases, norms of heads, other head widths.
class FamilyPlanTest : public testing::TestWithParam<const char *> {};

TEST_P(FamilyPlanTest, GivesTransformersLogits) {
  std::string name = GetParam();
  fs::path bundle = importTeacher(fs::path(inputs) / "hf" / name, "plan-" + name);
  SafetensorsFile golden = SafetensorsFile::open(fs::path(inputs) / "golden" / (name + ".safetensors"));
  at::Tensor ids_BT = toTensor(golden.get("input_ids")), expected_BTV = toTensor(golden.get("logits"));
  auto interpreted = plan(bundle, {DType::F32, ids_BT.size(0), {8}});
  for (int64_t t = 0; t < ids_BT.size(1);) {
    int64_t count = ids_BT.size(1) - t >= 8 && t % 16 == 0 ? 8 : 1;
    at::Tensor logits_BV = run(*interpreted, count == 8 ? "prefill_8" : "decode", ids_BT.narrow(1, t, count));
    t += count;
    ASSERT_LT(largestDifference(logits_BV, expected_BTV.select(1, t - 1)), 1e-4) << t << " tokens";
  }
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyPlanTest,
                         testing::Values("llama-bias", "mistral-window", "qwen2-window", "qwen3-tied", "olmo2-mha",
                                         "olmo3-yarn"));

// bf16: every value that is kept has 16 bits, and the logits are the float32 plan's to that precision.
TEST(InterpretTest, ABf16PlanRuns) {
  at::Tensor ids_BT = makeIds(40, 2048);
  auto exact = plan(tinyStudent().bundle, {DType::F32, 1, {8}}),
       rounded = plan(tinyStudent().bundle, {DType::BF16, 1, {8}});
  std::set<std::string> types;
  rounded->onWrite = [&](const WrittenView &view) { types.insert(view.kernel + "." + view.view + " " + view.type); };
  for (int64_t t = 0; t < 40; t += 8) {
    at::Tensor a = run(*exact, "prefill_8", ids_BT.narrow(1, t, 8)),
               b = run(*rounded, "prefill_8", ids_BT.narrow(1, t, 8));
    EXPECT_GT(largestDifference(a, b), 0);
    EXPECT_LT(((a - b).norm() / a.norm()).item<double>(), 0.03) << t;
  }
  EXPECT_TRUE(types.contains("hybrid_step.h bf16"));
  EXPECT_TRUE(types.contains("hybrid_step.S f32"));
  EXPECT_TRUE(types.contains("linear.y f32")) << "gates and logits";
}

TEST(InterpretTest, BadCallsAreErrors) {
  auto interpreted = plan(tinyStudent().bundle, {DType::F32, 1, {8}});
  std::vector<int64_t> ids(3);
  EXPECT_THROW(interpreted->run("prefill_9", ids), Error);
  EXPECT_THROW(interpreted->run("prefill_8", ids), Error);
}

// Rotation with an attention factor and frequencies of its own (YaRN), inside the fused step too; biases; float16 weights.
TEST(PlanTest, AStudentOfAScaledRotation) {
  fs::path teacher = importTeacher(fs::path(inputs) / "hf/llama-bias", "yarn-teacher");
  for (const char *options : {"window=16 sinks=2", "mixer=window window=16 sinks=2"})
    EXPECT_LT(worstLogits(makeStudent(teacher, options, options[0] == 'm' ? "yarn-window" : "yarn-student"), 100, 288),
              1e-3)
        << options;
}
