//===- RecomputeTest.cpp - layers that a gradient runs once more ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth is the same function without the mark.

#include "test/unit/Evaluate/EvaluateTest.h"
#include "test/unit/OpCounts.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>
#include <c10/core/Allocator.h>
#include <c10/core/GradMode.h>

#include <filesystem>
#include <set>

#include <unistd.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

/// The teacher of the examples, and weights for it, its student and adapters.
struct Models {
  std::string text;
  xlstm::ParamMap params;
};

const std::string Student = "xlstm-linearize{window=8 sinks=3 chunk=16},";

xlstm::Program programOf(const std::string &text, const std::string &pipeline) {
  return xlstm::Program::parse(xlstm::rewriteModule(text, "model.mlir", pipeline), "model.mlir");
}

const Models &models() {
  static const Models result = [] {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("xlstm-evaluate-recompute-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    xlstm::importHuggingFace(std::string(XLSTM_EXAMPLES) + "/tiny-llama", folder);
    Models models{xlstm::readTextFile(folder / "model.mlir"), {}};
    xlstm::Program all = programOf(models.text, Student + "xlstm-add-lora{rank=2}"),
                   teacher = xlstm::Program::parse(models.text, "teacher");
    models.params = xlstm::loadParams(teacher.function("model"), xlstm::WeightFiles::open(folder), at::kDouble);
    uint64_t seed = 1;
    for (auto &[name, tensor] : xlstm::initialParams(all.function("model"), at::kDouble))
      models.params[name] = tensor + randomTensor(tensor.sizes().vec(), ++seed, -0.3, 0.3);
    std::filesystem::remove_all(folder);
    return models;
  }();
  return result;
}

struct Case {
  const char *function;
  std::string pipeline;
  bool isAdded = false; // only what a pass added trains
};

/// Every stage and what it trains.
std::vector<Case> cases() {
  return {{"align", "xlstm-build-align{window=8 sinks=3 chunk=16},xlstm-fuse-hybrid", true},
          {"align", "xlstm-build-align{window=8 sinks=3 chunk=16}", true},
          {"distill", Student + "xlstm-build-distill,xlstm-fuse-hybrid"},
          {"distill", Student + "xlstm-build-distill", true},
          {"distill", Student + "xlstm-add-lora{rank=2},xlstm-build-distill,xlstm-fuse-hybrid", true}};
}

std::string marked(const Case &one) { return one.pipeline + ",xlstm-recompute-layers{functions=" + one.function + "}"; }

Tensors argumentsOf(const std::string &function) {
  Tensor ids = (randomTensor({2, 40}, 5, 0, 1) * 2047).to(at::kLong), docs = documents(2, 40, {{15, 25}, {40}});
  if (function == "align")
    return {ids, docs};
  Tensor labels = (randomTensor({2, 40}, 51, 0, 1) * 2047).to(at::kLong);
  Tensor top = (randomTensor({2, 40, 1}, 52, 0, 1) * 2000).to(at::kInt) + intTensor({0, 1, 2}, {3});
  Tensor logprobs = randomTensor({2, 40, 3}, 53, -4, 0).log_softmax(-1);
  return {ids, docs, labels, top, logprobs, at::zeros({2, 40})};
}

xlstm::ParamMap leavesOf(const xlstm::FunctionSpec &spec, at::ScalarType type, bool isAdded) {
  xlstm::ParamMap leaves;
  for (const xlstm::ParamSpec &param : spec.params)
    leaves[param.tensor.name] =
        models().params.at(param.tensor.name).to(type).clone().set_requires_grad(param.init.has_value() || !isAdded);
  return leaves;
}

/// What observers see, in order.
struct Recorder : xlstm::EvalObserver {
  std::vector<std::pair<std::string, Tensor>> seen;
  void add(const char *what, int64_t layer, const Tensor &value) {
    seen.emplace_back(what + std::to_string(layer), value.detach().clone());
  }
  void onMixerOutput(int64_t layer, const Tensor &h) override { add("h", layer, h); }
  void onOutputGate(int64_t layer, const Tensor &o) override { add("o", layer, o); }
  void onMemoryGates(int64_t layer, const Tensor &i, const Tensor &f) override {
    add("i", layer, i);
    add("f", layer, f);
  }
};

struct Step {
  Tensor loss;
  xlstm::ParamMap gradients;
  Recorder seen, results;
};

/// The program goes before the gradient is asked for.
Step stepOf(const Case &one, const std::string &pipeline, at::ScalarType type) {
  Step step;
  xlstm::EvalOptions options = optionsOf(type);
  options.observer = &step.seen;
  options.onResult = [&](const std::string &name, const Tensor &value) {
    step.results.seen.emplace_back(name, value.detach().clone());
  };
  xlstm::ParamMap leaves;
  {
    xlstm::Program program = programOf(models().text, pipeline);
    leaves = leavesOf(program.function(one.function), type, one.isAdded);
    step.loss = program.run(one.function, argumentsOf(one.function), xlstm::ParamMap(leaves), options)[0];
  }
  step.loss.backward();
  for (const auto &[name, leaf] : leaves)
    if (leaf.grad().defined())
      step.gradients[name] = leaf.grad();
  return step;
}

void expectSame(const Recorder &got, const Recorder &want) {
  ASSERT_EQ(got.seen.size(), want.seen.size());
  for (size_t n = 0; n < got.seen.size(); ++n) {
    EXPECT_EQ(got.seen[n].first, want.seen[n].first);
    EXPECT_TRUE(got.seen[n].second.equal(want.seen[n].second)) << got.seen[n].first;
  }
}

/// Bytes that tensors made by this thread hold.
struct HeldBytes : c10::MemoryReportingInfoBase {
  int64_t now = 0, most = 0;
  void reportMemoryUsage(void *, int64_t bytes, size_t, size_t, c10::Device) override {
    now += bytes;
    most = std::max(most, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
};

struct Memory {
  int64_t kept, most; // before the gradient, and at the fullest
};

Memory memoryOf(const Case &one, const std::string &pipeline) {
  xlstm::Program program = programOf(models().text, pipeline);
  xlstm::ParamMap leaves = leavesOf(program.function(one.function), at::kDouble, one.isAdded);
  Tensors arguments = argumentsOf(one.function);
  auto bytes = std::make_shared<HeldBytes>();
  Memory memory;
  Tensor loss;
  {
    c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, bytes);
    loss = program.run(one.function, arguments, leaves, Double)[0];
    memory.kept = bytes->now;
    loss.backward();
    memory.most = bytes->most;
  }
  return memory;
}

} // namespace

TEST(Recompute, GradientsAreThoseOfTheUnmarkedFunction) {
  for (auto [type, tolerance] : {std::pair(at::kDouble, 1e-12), {at::kFloat, 1e-6}})
    for (const Case &one : cases()) {
      Step want = stepOf(one, one.pipeline, type), got = stepOf(one, marked(one), type);
      EXPECT_TRUE(got.loss.equal(want.loss)) << one.pipeline;
      ASSERT_EQ(got.gradients.size(), want.gradients.size()) << one.pipeline;
      EXPECT_GT(want.gradients.size(), 10u);
      for (const auto &[name, gradient] : want.gradients)
        EXPECT_LE(error(got.gradients.at(name), gradient), tolerance) << one.pipeline << " " << name;
    }
}

// Gate ranges count a layer once, and op by op a marked function reports what it is.
TEST(Recompute, ObserversSeeALayerOnce) {
  for (const Case &one : cases()) {
    Step want = stepOf(one, one.pipeline, at::kFloat), got = stepOf(one, marked(one), at::kFloat);
    ASSERT_FALSE(want.seen.seen.empty());
    expectSame(got.seen, want.seen);
    expectSame(got.results, want.results);
  }
}

// Of a layer its input is kept; the hidden stream of @align has no gradient, so that nothing runs back through it.
TEST(Recompute, KeepsWhatGoesIntoLayers) {
  Case align = cases()[0];
  xlstm::Program program = programOf(models().text, align.pipeline);
  int64_t layers = program.function("align").numLayers, width = 0;
  for (const xlstm::ParamSpec &param : program.function("align").params)
    if (param.tensor.name.ends_with("input_layernorm.weight"))
      width = param.tensor.shape[0];
  ASSERT_GT(width, 0);
  int64_t hidden = 2 * 40 * width * 8; // of both rows, in float64
  Memory whole = memoryOf(align, align.pipeline), again = memoryOf(align, marked(align));
  EXPECT_GT(whole.kept, 3 * layers * hidden);
  EXPECT_LT(again.kept, (layers + 1) * hidden); // that, and tables of rotations
  for (const Case &one : cases()) {
    Memory whole = memoryOf(one, one.pipeline), again = memoryOf(one, marked(one));
    EXPECT_LT(again.kept, whole.kept) << one.pipeline;
    EXPECT_LT(again.most, whole.most) << one.pipeline;
  }
}

// The rest of the teacher's layer is not run again for the losses of @align, nor anything behind them.
TEST(Recompute, RunsAgainWhatTheGradientNeeds) {
  for (const Case &one : {cases()[0], cases()[2]}) {
    xlstm::Program program = programOf(models().text, marked(one));
    xlstm::ParamMap leaves = leavesOf(program.function(one.function), at::kFloat, one.isAdded);
    Tensor loss = program.run(one.function, argumentsOf(one.function), leaves)[0];
    OpCounts counts;
    loss.backward();
    EXPECT_EQ(counts.of("aten::silu"), one.isAdded ? 0 : program.function(one.function).numLayers) << one.pipeline;
  }
}

TEST(Recompute, ChangesNothingWithoutAGradient) {
  c10::NoGradGuard noGrad;
  for (const Case &one : {cases()[0], cases()[2]}) {
    xlstm::Program plain = programOf(models().text, one.pipeline), again = programOf(models().text, marked(one));
    Tensors want = plain.run(one.function, argumentsOf(one.function), models().params, Double),
            got = again.run(one.function, argumentsOf(one.function), models().params, Double);
    for (size_t n = 0; n < want.size(); ++n)
      EXPECT_TRUE(got[n].equal(want[n])) << one.pipeline;
  }
}

// A layer that reads values and a weight from outside of it, two of its inputs alike, and passes one on; a weight of
// two layers; a result that nobody asks a gradient of.
TEST(Recompute, ReadsValuesFromOutside) {
  std::string text = R"(
lm.model @f(%x: tensor<2x3x8xf32>, %z: tensor<2x3x8xf32>, %docs: tensor<2x3xi32>)
    -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>) {
  %w = lm.param "w" : tensor<8x8xf32>
  %y0 = lm.linear %x, %w : (tensor<2x3x8xf32>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
  %y:3 = lm.layer 0 (%a = %y0, %b = %y0) : (tensor<2x3x8xf32>, tensor<2x3x8xf32>)
      -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>) attributes {lm.recompute} {
    %own = lm.param "v" : tensor<8x8xf32>
    %u = lm.linear %a, %w : (tensor<2x3x8xf32>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
    %v = lm.linear %z, %own : (tensor<2x3x8xf32>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
    %s = lm.swiglu %u, %v : tensor<2x3x8xf32>
    %t = lm.add %s, %z : tensor<2x3x8xf32>
    %unread = lm.add %t, %t : tensor<2x3x8xf32>
    lm.yield %t, %b, %unread : tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>
  }
  %r = lm.layer 1 (%a = %y#0) : (tensor<2x3x8xf32>) -> tensor<2x3x8xf32> attributes {lm.recompute} {
    %own = lm.param "v" : tensor<8x8xf32>
    %v = lm.linear %a, %own : (tensor<2x3x8xf32>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
    %s = lm.swiglu %v, %y0 : tensor<2x3x8xf32>
    lm.yield %s : tensor<2x3x8xf32>
  }
  lm.return %r, %y#1 : tensor<2x3x8xf32>, tensor<2x3x8xf32>
})";
  std::string plain = text;
  for (size_t at; (at = plain.find("attributes {lm.recompute} ")) != plain.npos;)
    plain.erase(at, 26);
  Tensors found[2];
  for (bool again : {false, true}) {
    Tensor x = randomTensor({2, 3, 8}, 1).requires_grad_(true), z = randomTensor({2, 3, 8}, 2).requires_grad_(true);
    xlstm::ParamMap params{{"w", randomTensor({8, 8}, 3).requires_grad_(true)},
                           {"v", randomTensor({8, 8}, 4).requires_grad_(true)}};
    Tensors results =
        xlstm::Program::parse(again ? text : plain, "f.mlir").run("f", {x, z, documents(2, 3, {{3}})}, params, Double);
    (results[0] * randomTensor({2, 3, 8}, 5) + results[1] * randomTensor({2, 3, 8}, 6)).sum().backward();
    found[again] = {results[0], x.grad(), z.grad(), params["w"].grad(), params["v"].grad()};
  }
  for (size_t n = 0; n < found[0].size(); ++n)
    EXPECT_LE(error(found[1][n].detach(), found[0][n].detach()), 1e-12) << n;
}

TEST(Recompute, SaysWhatAWeightLacks) {
  xlstm::Program program = programOf(models().text, marked(cases()[2]));
  xlstm::ParamMap leaves = leavesOf(program.function("distill"), at::kDouble, false);
  leaves.erase("model.layers.1.self_attn.k_proj.weight");
  try {
    program.run("distill", argumentsOf("distill"), leaves, Double);
    ADD_FAILURE() << "a weight is missing";
  } catch (const xlstm::Error &error) {
    EXPECT_NE(std::string(error.what()).find("weight 'model.layers.1.self_attn.k_proj.weight' is missing"),
              std::string::npos)
        << error.what();
  }
}
