//===- ModelTest.cpp - the functions of one student agree with each other -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/MappedFile.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include <filesystem>

#include <unistd.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

/// The teacher of the examples and a student of it with window 8, whose new tensors are far from their initial values.
struct Models {
  xlstm::Program teacher, student, fused; // fused: the student's functions with xlstm.hybrid
  xlstm::ParamMap params;
};

const Models &models() {
  static const Models result = [] {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("xlstm-evaluate-model-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    xlstm::importHuggingFace(std::string(XLSTM_EXAMPLES) + "/tiny-llama", folder);
    std::string text = xlstm::readTextFile(folder / "model.mlir");
    std::string student = xlstm::rewriteModule(
        text, "model.mlir", "xlstm-student-pipeline{window=8 sinks=3 chunk=16 input-gate-bias=0.5 context=100}");
    std::string fused = xlstm::rewriteModule(student, "student", "xlstm-fuse-hybrid");
    Models models{xlstm::Program::parse(text, "teacher"),
                  xlstm::Program::parse(student, "student"),
                  xlstm::Program::parse(fused, "fused"),
                  {}};
    const xlstm::FunctionSpec &spec = models.student.function("model");
    models.params = xlstm::loadParams(models.teacher.function("model"), xlstm::WeightFiles::open(folder), at::kDouble);
    uint64_t seed = 1;
    for (auto &[name, tensor] : xlstm::initialParams(spec, at::kDouble))
      models.params[name] = tensor + randomTensor(tensor.sizes().vec(), ++seed, -0.3, 0.3);
    std::filesystem::remove_all(folder);
    return models;
  }();
  return result;
}

Tensor someIds(int64_t B, int64_t T) { return (randomTensor({B, T}, 5, 0, 1) * 2047).to(at::kLong); }

struct Recorder : xlstm::EvalObserver {
  std::map<int64_t, Tensor> mixed, open, inputs, forgets;
  void onMixerOutput(int64_t layer, const Tensor &h) override { mixed[layer] = h; }
  void onOutputGate(int64_t layer, const Tensor &o) override { open[layer] = o; }
  void onMemoryGates(int64_t layer, const Tensor &i, const Tensor &f) override {
    inputs[layer] = i;
    forgets[layer] = f;
  }
};

/// Results by their lm.name.
std::map<std::string, Tensor> named(const xlstm::Program &program, const std::string &function,
                                    const Tensors &arguments, const xlstm::ParamMap &params) {
  Tensors results = program.run(function, arguments, params, Double);
  std::map<std::string, Tensor> result;
  for (size_t n = 0; n < results.size(); ++n)
    result[program.function(function).results[n].name] = results[n];
  return result;
}

double energyOf(const Tensor &x) { return x.square().sum().item<double>() / double(x.size(0) * x.size(1)); }

} // namespace

TEST(Model, formsAgree) {
  Tensor ids = someIds(2, 60), docs = documents(2, 60, {{25, 35}, {60}});
  xlstm::EvalOptions options = Double;
  options.form = xlstm::MlstmForm::Recurrent;
  Tensor want = models().student.run("model", {ids, docs}, models().params, options)[0];
  EXPECT_EQ(want.sizes(), (Shape{2, 60, 2048}));
  for (auto form : {xlstm::MlstmForm::Parallel, xlstm::MlstmForm::Chunkwise}) {
    options.form = form;
    EXPECT_LT(error(models().student.run("model", {ids, docs}, models().params, options)[0], want), 1e-11);
  }
  EXPECT_LT(error(models().student.run("model", {ids, docs}, models().params)[0], want), 1e-4);
}

static void continueForward(const xlstm::Program &program) {
  constexpr int64_t T = 45;
  Tensor ids = someIds(2, T), docs = documents(2, T, {{T}});
  Tensor want = models().student.run("model", {ids, docs}, models().params, Double)[0];
  Tensors state = program.initialState("prefill", 2, at::kDouble);
  int64_t done = 0;
  auto step = [&](const std::string &function, int64_t count) {
    Tensors arguments = {ids.narrow(1, done, count), at::full({2}, done, at::kInt)};
    arguments.insert(arguments.end(), state.begin(), state.end());
    Tensors results = program.run(function, arguments, models().params, Double);
    done += count;
    EXPECT_LT(error(results[0], want.narrow(1, done - 1, 1)), 1e-11) << function << " up to " << done;
    state.assign(results.begin() + 1, results.end());
  };
  for (int64_t count : {17, 1, 12, 3})
    step("prefill", count);
  while (done < T)
    step("decode", 1);
}

TEST(Model, prefillAndDecodeContinueTheForward) { continueForward(models().student); }
TEST(Model, fusedPrefillAndDecodeContinueTheForward) { continueForward(models().fused); }

TEST(Model, documentsInARowAreAsIfAlone) {
  Tensor a = someIds(1, 30), b = someIds(1, 50).narrow(1, 30, 20);
  Tensor packed =
      models().student.run("model", {at::cat({a, b}, 1), documents(1, 50, {{30, 20}})}, models().params, Double)[0];
  Tensor alone = models().student.run("model", {b, documents(1, 20, {{20}})}, models().params, Double)[0];
  EXPECT_LT(error(packed.narrow(1, 30, 20), alone), 1e-12);
}

TEST(Model, observerSeesEveryLayer) {
  Tensor ids = someIds(1, 20), docs = documents(1, 20, {{20}});
  Recorder seen;
  xlstm::EvalOptions options = Double;
  options.observer = &seen;
  models().student.run("model", {ids, docs}, models().params, options);
  EXPECT_EQ(seen.mixed.size(), 4u);
  EXPECT_EQ(seen.open.size(), 4u);
  EXPECT_EQ(seen.forgets.size(), 4u);
  EXPECT_EQ(seen.mixed.at(3).sizes(), (Shape{1, 20, 128}));
  EXPECT_EQ(seen.open.at(0).sizes(), (Shape{1, 20, 4}));
  EXPECT_GT(seen.open.at(0).min().item<double>(), 0);
  EXPECT_GT(seen.forgets.at(0).mean().item<double>(), 2); // the bias of 4
}

// Layer 0 has the same input in teacher and student, so the align loss there can be taken from their outputs.
TEST(Model, alignComparesTeacherAndStudent) {
  Tensor ids = someIds(2, 40), docs = documents(2, 40, {{15, 25}, {40}});
  Recorder teacher, student;
  xlstm::EvalOptions options = Double;
  options.observer = &teacher;
  models().teacher.run("model", {ids, docs}, models().params, options);
  options.observer = &student;
  models().student.run("model", {ids, docs}, models().params, options);
  auto losses = named(models().student, "align", {ids, docs}, models().params);
  double sum = 0;
  for (int64_t n = 0; n < 4; ++n) {
    std::string layer = "layers." + std::to_string(n);
    EXPECT_NEAR(losses.at(layer + ".energy").item<double>() / energyOf(teacher.mixed.at(n)), 1, 1e-12);
    sum += losses.at(layer + ".loss").item<double>();
  }
  EXPECT_NEAR(losses.at("loss").item<double>() / sum, 1, 1e-12);
  double first = energyOf(student.mixed.at(0) - teacher.mixed.at(0));
  EXPECT_NEAR(losses.at("layers.0.loss").item<double>() / first, 1, 1e-12);

  xlstm::ParamMap closed = models().params;
  for (auto &[name, tensor] : closed)
    if (name.find("o_gate.bias") != std::string::npos)
      tensor = tensor - 1000;
  losses = named(models().student, "align", {ids, docs}, closed);
  EXPECT_EQ(losses.at("layers.2.loss").item<double>(), losses.at("layers.2.window_loss").item<double>());
}

TEST(Model, distillIsTheWeightedSumOfItsLosses) {
  Tensor ids = someIds(1, 30), docs = documents(1, 30, {{30}}), labels = someIds(1, 31).narrow(1, 1, 30).contiguous();
  labels.narrow(1, 0, 5).fill_(-1);
  const xlstm::Program &program = models().student;
  Tensor logits = program.run("model", {ids, docs}, models().params, Double)[0].narrow(1, 5, 25).log_softmax(-1);
  double ce = -logits.gather(2, labels.narrow(1, 5, 25).unsqueeze(-1)).mean().item<double>();
  Tensor ids_BTK = (randomTensor({1, 30, 1}, 7, 0, 1) * 2000).to(at::kInt) + intTensor({0, 1, 2, 3}, {4});
  Tensor logprobs = randomTensor({1, 30, 4}, 8, -4, 1).log_softmax(-1) - 0.2;
  Tensor p = logprobs.narrow(1, 5, 25).softmax(-1);
  Tensor q = logits.gather(2, ids_BTK.narrow(1, 5, 25).to(at::kLong)).log_softmax(-1);
  double kl = (p * (p.log() - q)).sum().item<double>() / 25;

  xlstm::ParamMap params = models().params;
  for (auto &[name, tensor] : params)
    tensor = tensor.clone().requires_grad_(true);
  auto losses =
      named(program, "distill", {ids, docs, labels, ids_BTK, logprobs, at::full({1, 30}, -2.0, at::kDouble)}, params);
  EXPECT_NEAR(losses.at("ce").item<double>(), ce, 1e-12);
  EXPECT_NEAR(losses.at("kl").item<double>(), kl, 1e-12);
  EXPECT_NEAR(losses.at("loss").item<double>(), 0.9 * ce + 0.1 * kl, 1e-12);
  losses.at("loss").backward();
  for (const auto &[name, tensor] : params)
    EXPECT_TRUE(tensor.grad().defined() && tensor.grad().abs().max().item<double>() > 0) << name;
}

TEST(Model, alignTrainsOnlyWhatAsksForIt) {
  Tensor ids = someIds(1, 30), docs = documents(1, 30, {{30}});
  xlstm::ParamMap params = models().params;
  for (const xlstm::ParamSpec &spec : models().student.function("align").params)
    if (spec.init)
      params[spec.tensor.name] = params.at(spec.tensor.name).clone().requires_grad_(true);
  named(models().student, "align", {ids, docs}, params).at("loss").backward();
  for (const auto &[name, tensor] : params)
    EXPECT_EQ(tensor.grad().defined() && tensor.grad().abs().max().item<double>() > 0, tensor.requires_grad()) << name;
}
