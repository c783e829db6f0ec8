//===- ProgramTest.cpp - parsing, specs, weights, errors ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Evaluate/EvaluateTest.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>

#include <filesystem>

#include <unistd.h>

using namespace xlstm::test;
using at::Tensor;

namespace {

const std::string Text =
    R"(lm.model @model(%ids: tensor<?x?xi64>, %s: tensor<?x2xf32> {lm.state = "layers.0.m", lm.init = 0xFF800000 : f32})
    -> (tensor<?x?x2xf32> {lm.name = "logits"}, tensor<?x2xf32>) attributes {context_length = 32 : i64, family = "llama"} {
  %table = lm.param "table" : tensor<3x2xbf16>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<3x2xbf16>) -> tensor<?x?x2xf32>
  %y = lm.layer 0 (%h = %x) : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
    %w = lm.param "w" {init = "identity"} : tensor<2x2xf32>
    %b = lm.param "b" {init = 4.0 : f32} : tensor<2xf32>
    %l = lm.linear %h, %w bias(%b) : (tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
    lm.yield %l : tensor<?x?x2xf32>
  }
  %t = lm.param "table" : tensor<3x2xbf16>
  lm.return %y, %s : tensor<?x?x2xf32>, tensor<?x2xf32>
}
)";

/// The message of the Error that `action` throws.
std::string messageOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const xlstm::Error &error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "no error";
}

void expectError(const std::function<void()> &action, const std::vector<std::string> &parts) {
  std::string message = messageOf(action);
  for (const std::string &part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << message << "' lacks '" << part << "'";
}

class ProgramTest : public testing::Test {
protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() / ("xlstm-evaluate-" + std::to_string(getpid()));
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void save(const std::vector<std::pair<std::string, Tensor>> &tensors) {
    xlstm::saveTensors(folder / "model.safetensors", tensors);
  }

  std::filesystem::path folder;
  xlstm::Program program = xlstm::Program::parse(Text, "test.mlir");
  const xlstm::FunctionSpec &spec = program.function("model");
  Tensor table = randomTensor({3, 2}, 1).to(at::kBFloat16), w = randomTensor({2, 2}, 2).to(at::kFloat),
         b = randomTensor({2}, 3).to(at::kFloat), ids = at::full({1, 2}, 1, at::kLong),
         state = at::full({1, 2}, 7.0, at::kFloat);
};

} // namespace

TEST_F(ProgramTest, spec) {
  EXPECT_TRUE(program.has("model"));
  EXPECT_FALSE(program.has("decode"));
  EXPECT_EQ(spec.numLayers, 1);
  EXPECT_EQ(spec.contextLength, 32);
  EXPECT_EQ(spec.family, "llama");
  ASSERT_EQ(spec.params.size(), 3u); // the table once
  EXPECT_EQ(xlstm::describe(spec.params[0].tensor), "BF16 [3, 2]");
  EXPECT_FALSE(spec.params[0].init);
  EXPECT_EQ(std::get<std::string>(*spec.params[1].init), "identity");
  EXPECT_EQ(std::get<double>(*spec.params[2].init), 4.0);
  ASSERT_EQ(spec.arguments.size(), 2u);
  EXPECT_EQ(spec.arguments[0].shape, (Shape{-1, -1}));
  EXPECT_EQ(spec.arguments[0].dtype, xlstm::DType::I64);
  EXPECT_FALSE(spec.arguments[0].isState);
  EXPECT_TRUE(spec.arguments[1].isState && spec.results[1].isState);
  EXPECT_EQ(spec.results[0].name, "logits");
  EXPECT_EQ(spec.results[1].name, "layers.0.m");
  Tensor initial = program.initialState("model", 5, at::kDouble)[0];
  EXPECT_EQ(initial.sizes(), (Shape{5, 2}));
  EXPECT_TRUE(initial.isneginf().all().item<bool>());
}

TEST_F(ProgramTest, runsWithStoredWeights) {
  save({{"table", table}, {"w", w}, {"b", b}});
  xlstm::ParamMap params = xlstm::loadParams(spec, xlstm::WeightFiles::open(folder), at::kDouble);
  Tensors results = program.run("model", {ids, state}, params, Double);
  Tensor row = table.select(0, 1).to(at::kDouble);
  Tensor want = (w.to(at::kDouble) * row).sum(1) + b.to(at::kDouble);
  EXPECT_LT(error(results[0].select(1, 1).squeeze(0), want), 1e-15);
  EXPECT_EQ(results[1].sum().item<double>(), 14);
}

TEST_F(ProgramTest, initialParams) {
  xlstm::ParamMap params = xlstm::initialParams(spec);
  ASSERT_EQ(params.size(), 2u);
  EXPECT_EQ(params.at("b").sum().item<float>(), 8);
  EXPECT_EQ(params.at("w").sum().item<float>(), 2);
  EXPECT_EQ(params.at("w").diagonal().sum().item<float>(), 2);
}

TEST_F(ProgramTest, savedParamsComeBack) {
  xlstm::ParamMap params = {{"table", randomTensor({3, 2}, 1)}, {"w", w.to(at::kDouble)}, {"b", b}};
  xlstm::saveParams(folder / "model.safetensors", spec.params, params);
  xlstm::WeightFiles weights = xlstm::WeightFiles::open(folder);
  EXPECT_TRUE(sameBits(xlstm::toTensor(weights.get("table")), table)); // rounded to the nearest
  EXPECT_TRUE(sameBits(xlstm::toTensor(weights.get("w")), w));
  params.erase("w");
  expectError([&] { xlstm::saveParams(folder / "x.safetensors", spec.params, params); }, {"x.safetensors", "'w'"});
}

TEST_F(ProgramTest, weightsThatDoNotFit) {
  auto load = [&] { return xlstm::loadParams(spec, xlstm::WeightFiles::open(folder)); };
  save({{"table", table}, {"w", w}});
  expectError(load, {"'b'", folder.string()});
  save({{"table", table}, {"w", w}, {"b", w}});
  expectError(load, {"'b'", "F32 [2]", "F32 [2, 2]"});
  save({{"table", table.to(at::kFloat)}, {"w", w}, {"b", b}});
  expectError(load, {"'table'", "BF16 [3, 2]", "F32 [3, 2]"});
  save({{"table", table}, {"w", w}, {"b", b}, {"extra", b}});
  expectError(load, {"'extra'", "not read"});
  EXPECT_EQ(xlstm::loadParams(spec, xlstm::WeightFiles::open(folder), at::kFloat, false).size(), 3u);
}

TEST_F(ProgramTest, runsThatDoNotFit) {
  xlstm::ParamMap params = {{"table", table}, {"w", w}, {"b", b}};
  expectError([&] { (void)program.function("decode"); }, {"@decode", "@model"});
  expectError([&] { program.run("model", {ids}, params); }, {"expected 2 arguments, found 1"});
  expectError([&] { program.run("model", {ids, ids}, params); }, {"argument 1 (layers.0.m)", "F32"});
  expectError([&] { program.run("model", {ids, state.unsqueeze(0)}, params); }, {"argument 1", "[-1, 2]", "[1, 1, 2]"});
  expectError([&] { program.run("model", {ids + 2, state}, params); }, {"test.mlir:4:", "lm.embed", "0 to 2"});
  params.erase("b");
  expectError([&] { program.run("model", {ids, state}, params); }, {"test.mlir:7:", "'b' is missing"});
  params["b"] = w;
  expectError([&] { program.run("model", {ids, state}, params); }, {"'b'", "[2]", "[2, 2]"});
  Tensor docs = intTensor({0, 2, 1}, {1, 3}), q = randomTensor({1, 3, 1, 2}, 1);
  expectError(
      [&] {
        evalOp("lm.attention $0, $1, $2 docs($3) {scale = 1.0 : f64}", {q, q, q, docs}, {{1, 3, 1, 2}});
      },
      {"lm.attention", "doc_start"});
}

TEST_F(ProgramTest, modulesThatDoNotFit) {
  auto parse = [](const std::string &text) { return [=] { xlstm::Program::parse(text, "bad.mlir"); }; };
  expectError(parse("lm.model @m(%x: tensor<1xf32>"), {"bad.mlir:1:"});
  expectError(parse("func.func @f() { return }"), {"bad.mlir:1:1"});
  std::string wrong = Text;
  wrong.replace(wrong.find("tensor<2x2xf32>"), 15, "tensor<2x9xf32>");
  expectError(parse(wrong), {"bad.mlir:"});
  expectError(parse("lm.model @m(%x: index) { lm.return }"), {"bad.mlir:1:1", "ranked tensors"});
  expectError(parse("lm.model @m(%x: tensor<1xi1>) { lm.return }"), {"bad.mlir:1:1", "@m", "i1"});
  expectError([] { xlstm::Program::load("/nonexistent/model.mlir"); }, {"/nonexistent/model.mlir"});
}
