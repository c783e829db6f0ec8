//===- TypedFunctionsTest.cpp - whole functions in the types of their IR ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include <unistd.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

using Reports = std::vector<std::pair<std::string, Tensor>>;

/// @distill of one layer as a precision pass would leave it: `A` is the type of activations and their weights; gates,
/// logits and losses are float32.
const std::string Distill = R"(
!ids = tensor<?x?xi64>
!x = tensor<?x?x8xA>
!q = tensor<?x?x2x4xA>
!k = tensor<?x?x1x4xA>
!gate = tensor<?x?x2xf32>
lm.model @distill(%ids: !ids, %docs: tensor<?x?xi32>, %labels: !ids, %top: tensor<?x?x3xi32>,
    %logprobs: tensor<?x?x3xf32>, %tail: tensor<?x?xf32>) -> (tensor<f32> {lm.name = "loss"}) {
  %p = lm.positions %ids docs(%docs) : (!ids, tensor<?x?xi32>) -> tensor<?x?xi32>
  %table = lm.param "table" : tensor<32x8xA>
  %x = lm.embed %ids, %table : (!ids, tensor<32x8xA>) -> !x
  %y = lm.layer 0 (%h = %x) : (!x) -> !x {
    %nw = lm.param "norm" : tensor<8xA>
    %n = lm.rms_norm %h, %nw {eps = 1.0e-5 : f64} : !x, tensor<8xA>
    %wq = lm.param "q" : tensor<8x8xA>
    %wk = lm.param "k" : tensor<4x8xA>
    %wv = lm.param "v" : tensor<4x8xA>
    %wo = lm.param "o" : tensor<8x8xA>
    %q0 = lm.linear %n, %wq : (!x, tensor<8x8xA>) -> !x
    %k0 = lm.linear %n, %wk : (!x, tensor<4x8xA>) -> tensor<?x?x4xA>
    %v0 = lm.linear %n, %wv : (!x, tensor<4x8xA>) -> tensor<?x?x4xA>
    %q1 = lm.split_heads %q0 : !x to !q
    %k1 = lm.split_heads %k0 : tensor<?x?x4xA> to !k
    %v = lm.split_heads %v0 : tensor<?x?x4xA> to !k
    %gw = lm.param "open" : tensor<2x12xf32>
    %gb = lm.param "open.bias" : tensor<2xf32>
    %g = xlstm.output_gate %q1, %k1, %v, %gw, %gb : (!q, !k, !k, tensor<2x12xf32>, tensor<2xf32>) -> !gate
    %iw = lm.param "i" : tensor<2x8xf32>
    %fw = lm.param "f" : tensor<2x8xf32>
    %i = lm.linear %n, %iw : (!x, tensor<2x8xf32>) -> !gate
    %f = lm.linear %n, %fw : (!x, tensor<2x8xf32>) -> !gate
    %q = lm.rope %q1, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : !q, tensor<?x?xi32>
    %k = lm.rope %k1, %p {rope = #lm.rope<theta = 1.0e+04 : f64>} : !k, tensor<?x?xi32>
    %qm = lm.param "q_map" : tensor<2x4x4xA>
    %km = lm.param "k_map" : tensor<2x4x4xA>
    MIXER
    %h2 = lm.merge_heads %mixed : !q to !x
    %o = lm.linear %h2, %wo : (!x, tensor<8x8xA>) -> !x
    %s = lm.add %h, %o : !x
    %up = lm.param "up" : tensor<8x8xA>
    %u = lm.linear %s, %up : (!x, tensor<8x8xA>) -> !x
    %a = lm.swiglu %u, %s : !x
    lm.yield %a : !x
  }
  %head = lm.param "table" : tensor<32x8xA>
  %logits = lm.linear %y, %head : (!x, tensor<32x8xA>) -> tensor<?x?x32xf32>
  %ce = lm.cross_entropy %logits, %labels : (tensor<?x?x32xf32>, !ids) -> tensor<f32>
  %kl = xlstm.sparse_kl renormalized %logits, %top, %logprobs, %tail, %labels
    : (tensor<?x?x32xf32>, tensor<?x?x3xi32>, tensor<?x?x3xf32>, tensor<?x?xf32>, !ids) -> tensor<f32>
  %loss = lm.add %ce, %kl : tensor<f32>
  lm.return %loss : tensor<f32>
})";

const std::string Fused =
    R"(%mixed, %near = xlstm.hybrid chunkwise %q, %k, %v maps(%qm, %km) gates(%g, %i, %f) docs(%docs)
      {scale = 0.5 : f64, window = 6 : i64, sinks = 1 : i64}
      : (!q, !k, !k, tensor<2x4x4xA>, tensor<2x4x4xA>, !gate, !gate, !gate, tensor<?x?xi32>) -> (!q, !q))";
const std::string Apart = R"(
    %qf = xlstm.feature_map softmax %q, %qm : (!q, tensor<2x4x4xA>) -> !q
    %kf = xlstm.feature_map softmax %k, %km : (!k, tensor<2x4x4xA>) -> !q
    %far = xlstm.mlstm chunkwise %qf, %kf, %v gates(%i, %f) docs(%docs) : (!q, !q, !k, !gate, !gate, tensor<?x?xi32>) -> !q
    %near = lm.attention %q, %k, %v docs(%docs) {scale = 0.5 : f64, sinks = 1 : i64, window = 6 : i64}
      : (!q, !k, !k, tensor<?x?xi32>) -> !q
    %mixed = xlstm.mix %g, %far, %near : !gate, !q)";

std::string replaced(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

struct Step {
  double loss;
  xlstm::ParamMap gradients;
};

/// One step of training with float32 weights.
Step trainingStep(const std::string &mixer, const std::string &type) {
  std::string text = replaced(replaced(Distill, "MIXER", mixer), "xA>", "x" + type + ">");
  xlstm::Program program = xlstm::Program::parse(text, "distill.mlir");
  xlstm::ParamMap params;
  uint64_t seed = 0;
  for (const xlstm::ParamSpec &spec : program.function("distill").params)
    params[spec.tensor.name] = randomTensor(spec.tensor.shape, ++seed, -1, 1).to(at::kFloat).requires_grad_(true);
  Tensor ids = (randomTensor({2, 40}, 50, 0, 1) * 31).to(at::kLong), docs = documents(2, 40, {{15, 25}, {40}});
  Tensor labels = (randomTensor({2, 40}, 51, 0, 1) * 31).to(at::kLong);
  Tensor top = (randomTensor({2, 40, 1}, 52, 0, 1) * 29).to(at::kInt) + intTensor({0, 1, 2}, {3});
  Tensor logprobs = randomTensor({2, 40, 3}, 53, -4, 0).log_softmax(-1);
  Tensor loss = program.run("distill", {ids, docs, labels, top, logprobs, at::zeros({2, 40})}, params)[0];
  loss.backward();
  Step step{loss.item<double>(), {}};
  for (const auto &[name, tensor] : params)
    step.gradients[name] = tensor.grad().to(at::kDouble);
  return step;
}

/// The teacher of the examples as a student in bf16 with explicit state, for one row, beside its weights.
struct Student {
  std::string text; // one @model, float32
  xlstm::ParamMap params;

  static constexpr const char *Pipeline = "xlstm-build-prefill{batch=1 tokens=6},xlstm-build-decode{batch=1},"
                                          "xlstm-fuse-hybrid";
  xlstm::Program program(const std::string &more) const {
    return xlstm::Program::parse(xlstm::rewriteModule(text, "student", Pipeline + more), "student.mlir");
  }
};

const Student &student() {
  static const Student result = [] {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("xlstm-evaluate-types-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    xlstm::importHuggingFace(std::string(XLSTM_EXAMPLES) + "/tiny-llama", folder);
    std::string teacher = xlstm::readTextFile(folder / "model.mlir");
    Student student{xlstm::rewriteModule(teacher, "model.mlir", "xlstm-linearize{window=8 sinks=3}"), {}};
    student.params = xlstm::loadParams(xlstm::Program::parse(teacher, "teacher").function("model"),
                                       xlstm::WeightFiles::open(folder));
    uint64_t seed = 1;
    for (auto &[name, tensor] : xlstm::initialParams(xlstm::Program::parse(student.text, "student").function("model")))
      student.params[name] = tensor + randomTensor(tensor.sizes().vec(), ++seed, -0.3, 0.3).to(at::kFloat);
    std::filesystem::remove_all(folder);
    return student;
  }();
  return result;
}

/// Six tokens by @prefill and three by @decode: what every op of the last one gave, then the results.
std::pair<Reports, Tensors> decode(const xlstm::Program &program) {
  Tensors state = program.initialState("prefill", 1), results;
  Tensor ids = (randomTensor({1, 9}, 5, 0, 1) * 2047).to(at::kLong);
  Reports reports;
  int64_t done = 0;
  for (int64_t count : {6, 1, 1, 1}) {
    Tensors arguments = {ids.narrow(1, done, count), intTensor({int32_t(done)}, {1})};
    arguments.insert(arguments.end(), state.begin(), state.end());
    reports.clear();
    xlstm::EvalOptions options;
    options.onResult = [&](const std::string &name, const Tensor &value) { reports.emplace_back(name, value); };
    results = program.run(count == 1 ? "decode" : "prefill", arguments, student().params, options);
    state.assign(results.begin() + 1, results.end());
    done += count;
  }
  return {reports, results};
}

} // namespace

TEST(TypedFunctions, bf16TrainsAsFloat32Does) {
  for (const std::string &mixer : {Fused, Apart}) {
    Step exact = trainingStep(mixer, "f32"), rounded = trainingStep(mixer, "bf16");
    EXPECT_NE(rounded.loss, exact.loss);
    EXPECT_NEAR(rounded.loss / exact.loss, 1, 5e-3);
    for (const auto &[name, want] : exact.gradients) {
      const Tensor &got = rounded.gradients.at(name);
      double cosine = ((got * want).sum() / (got.norm() * want.norm())).item<double>();
      EXPECT_GT(cosine, 0.995) << name;
      EXPECT_NEAR((got.norm() / want.norm()).item<double>(), 1, 0.03) << name;
    }
  }
}

// Storage in bf16 says nothing of how a float32 function reads a weight: what training holds is not rounded.
TEST(TypedFunctions, float32FunctionsReadWeightsAsTheyAreHeld) {
  const std::string text = R"(lm.model @f(%x: tensor<1x1x2xf32>) -> tensor<1x1x2xf32> {
    %w = lm.param "w" : tensor<2xbf16>
    %y = lm.rms_norm %x, %w {eps = 1.0e-5 : f64} : tensor<1x1x2xf32>, tensor<2xbf16>
    lm.return %y : tensor<1x1x2xf32>
  })";
  xlstm::Program program = xlstm::Program::parse(text, "f.mlir");
  Tensor x = randomTensor({1, 1, 2}, 1), w = randomTensor({2}, 2).to(at::kFloat);
  EXPECT_FALSE(program.function("f").params[0].isRounded);
  Tensor got = program.run("f", {x}, {{"w", w}})[0], rounded = program.run("f", {x}, {{"w", w.to(at::kBFloat16)}})[0];
  EXPECT_FALSE(sameBits(got, rounded));
  EXPECT_LT(error(got / rounded, (w / w.to(at::kBFloat16).to(at::kFloat)).to(at::kDouble).view({1, 1, 2})), 1e-6);
  program = xlstm::Program::parse(replaced(text, "1x1x2xf32", "1x1x2xbf16"), "f.mlir");
  EXPECT_TRUE(program.function("f").params[0].isRounded);
  EXPECT_TRUE(sameBits(program.run("f", {x}, {{"w", w}})[0], program.run("f", {x}, {{"w", w.to(at::kBFloat16)}})[0]));
}

TEST(TypedFunctions, float64FunctionsComputeInFloat64) {
  const std::string text = R"(lm.model @f(%x: tensor<1x3x2xf64>, %w: tensor<4x2xf32>) -> tensor<1x3x4xf64> {
    %y = lm.linear %x, %w : (tensor<1x3x2xf64>, tensor<4x2xf32>) -> tensor<1x3x4xf64>
    lm.return %y : tensor<1x3x4xf64>
  })";
  Tensor x = randomTensor({1, 3, 2}, 1) / 3, w = randomTensor({4, 2}, 2);
  Tensor got = xlstm::Program::parse(text, "f.mlir").run("f", {x, w}, {})[0];
  EXPECT_LT(error(got, x.matmul(w.t())), 1e-15);
}

TEST(TypedFunctions, everyOpOfADecodeIsReportedInItsType) {
  xlstm::Program narrow = student().program(",xlstm-set-precision{type=bf16},xlstm-fuse-linear");
  auto [reports, results] = decode(narrow);
  auto [wide, wideResults] = decode(student().program(",xlstm-set-precision{type=f32},xlstm-fuse-linear"));
  ASSERT_EQ(reports.size(), wide.size());
  std::map<std::string, Tensor> seen;
  for (size_t n = 0; n < reports.size(); ++n) {
    const auto &[name, value] = reports[n];
    EXPECT_EQ(name, wide[n].first);
    if (value.is_floating_point() && value.isfinite().all().item<bool>()) {
      EXPECT_LT(error(value, wide[n].second.to(at::kDouble)), 0.05) << name;
    }
    seen[name] = value;
  }
  auto typeOf = [&](const std::string &name) { return seen.at(name).scalar_type(); };
  for (const char *name : {"embed.0", "layers.0.linear.0", "layers.3.hybrid.0#0", "layers.1.linear_add.0",
                           "layers.1.swiglu.0", "layers.2#0", "model.layers.0.mlp.up_proj.weight"})
    EXPECT_EQ(typeOf(name), at::kBFloat16) << name;
  for (const char *name : {"linear.0", "layers.0.output_gate.0", "layers.0.hybrid.0#2", "layers.0#1",
                           "model.layers.0.self_attn.i_gate.weight"})
    EXPECT_EQ(typeOf(name), at::kFloat) << name;
  EXPECT_TRUE(sameBits(seen.at("linear.0"), results[0]));
  EXPECT_LT(error(results[0], wideResults[0].to(at::kDouble)), 0.03);
  EXPECT_GT(error(results[0], wideResults[0].to(at::kDouble)), 1e-5);
  size_t numStates = 0;
  for (const xlstm::ValueSpec &spec : narrow.function("decode").results)
    numStates += spec.isState && spec.dtype == xlstm::DType::BF16;
  EXPECT_EQ(numStates, 4u * 4); // rings and sinks
  EXPECT_EQ(narrow.initialState("decode", 1)[3].scalar_type(), at::kBFloat16);
  EXPECT_EQ(narrow.initialState("decode", 1, at::kDouble)[3].scalar_type(), at::kDouble);
}

TEST(TypedFunctions, weightsAreLoadedAsTheFunctionHoldsThem) {
  xlstm::Program program = student().program(",xlstm-set-precision{type=bf16}");
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("xlstm-evaluate-typed-weights-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const xlstm::FunctionSpec &spec = program.function("decode");
  xlstm::saveParams(folder / "model.safetensors", spec.params, student().params);
  xlstm::ParamMap loaded = xlstm::loadParams(spec, xlstm::WeightFiles::open(folder));
  xlstm::ParamMap exact = xlstm::loadParams(spec, xlstm::WeightFiles::open(folder), at::kDouble);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(loaded.at("model.layers.0.mlp.up_proj.weight").scalar_type(), at::kBFloat16);
  EXPECT_EQ(loaded.at("model.layers.0.self_attn.i_gate.weight").scalar_type(), at::kFloat);
  EXPECT_EQ(exact.at("model.layers.0.mlp.up_proj.weight").scalar_type(), at::kDouble);
}

// Weights one above the other, rounded as before; the product's parts are the products.
TEST(TypedFunctions, packedFunctionsRun) {
  for (auto [precision, tolerance] :
       {std::pair(",xlstm-set-precision{type=f32}", 1e-5), std::pair(",xlstm-set-precision{type=bf16}", 0.02)}) {
    xlstm::Program packed = student().program(precision + std::string(",xlstm-pack-linear"));
    Reports reports;
    Tensors want = decode(student().program(precision)).second, got;
    std::tie(reports, got) = decode(packed);
    EXPECT_EQ(
        std::count_if(reports.begin(), reports.end(), [](auto &report) { return report.first == "layers.0.pack.0"; }),
        1);
    for (size_t n = 0; n < want.size(); ++n)
      EXPECT_TRUE(got[n].equal(want[n]) || error(got[n], want[n].to(at::kDouble)) < tolerance) << n;
    for (const xlstm::ParamSpec &spec : packed.function("decode").params)
      if (spec.tensor.name == "model.layers.0.mlp.up_proj.weight") {
        EXPECT_EQ(spec.isRounded, spec.tensor.dtype == xlstm::DType::BF16 && tolerance > 0.01);
      }
  }
}
