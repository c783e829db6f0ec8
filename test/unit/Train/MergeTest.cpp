//===- MergeTest.cpp - linear merge against sums worked by hand -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Merge/Merge.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <limits>

#include <limits>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

using Tensors = std::vector<std::pair<TensorSpec, at::Tensor>>;

class MergeTest : public TestFolder {
protected:
  void model(const std::string &name, const Tensors &tensors, const std::string &ir = "module {}") {
    put(name + "/model.mlir", ir);
    put(name + "/config.json", "{}");
    std::vector<TensorSpec> specs;
    for (const auto &[spec, value] : tensors)
      specs.push_back(spec);
    SafetensorsWriter writer(folder / name / "model.safetensors", specs);
    for (const auto &[spec, value] : tensors)
      writer.append(bytesOf(value.to(scalarType(spec.dtype)).contiguous()));
    writer.commit();
    writeBundleManifest(folder / name, "student", "a test");
  }
  void pair(const std::string &name, const std::vector<float> &w, const std::vector<float> &b) {
    model(name, {{{"b", DType::F32, {2}}, at::tensor(b)}, {{"w", DType::BF16, {1, 2}}, at::tensor(w).view({1, 2})}});
  }
  MergeConfig config(const std::vector<double> &weights, bool normalize = false) {
    MergeConfig result;
    result.normalize = normalize;
    for (size_t i = 0; i < weights.size(); ++i)
      result.models.push_back({folder / std::string(1, char('a' + i)), weights[i]});
    return result;
  }
  at::Tensor merged(const MergeConfig &config, const std::string &name) {
    mergeWeightFiles(config, folder / "out.safetensors");
    return viewOf(SafetensorsFile::open(folder / "out.safetensors").get(name)).to(at::kFloat).flatten();
  }
};

} // namespace

TEST_F(MergeTest, refusesWhatIsNotFinite) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  pair("a", {1, 2}, {1, 2});
  pair("b", {3, nan}, {3, 4});
  EXPECT_ERROR(mergeBundles(config({0.5, 0.5}), folder / "out"),
               "b/model.safetensors: tensor 'w': expected finite numbers, found NaN at index [0, 1]");
  EXPECT_FALSE(fs::exists(folder / "out"));
  MergeConfig allowed = config({0.5, 0.5});
  allowed.allowNonFinite = true;
  mergeBundles(allowed, folder / "out");
  EXPECT_TRUE(fs::exists(folder / "out/bundle.json"));
  // Finite in float64, and more than the float32 that sums are made in holds.
  for (const char *name : {"a", "b"})
    model(name, {{{"w", DType::F64, {1}}, at::tensor({1e300}, at::kDouble)}});
  EXPECT_ERROR(mergeWeightFiles(config({0.5, 0.5}), folder / "sum"),
               "sum: tensor 'w': expected finite numbers, found an infinity at index [0]");
}

TEST_F(MergeTest, refusesADamagedModel) {
  pair("a", {1, 2}, {1, 2});
  pair("b", {3, 4}, {3, 4});
  std::string weights = get(folder / "b/model.safetensors");
  weights.back() ^= 1;
  put("b/model.safetensors", weights);
  EXPECT_ERROR(mergeBundles(config({0.5, 0.5}), folder / "out"),
               "b/model.safetensors: expected the content that bundle.json records");
}

TEST_F(MergeTest, sumsInFloat32AndRoundsOnce) {
  pair("a", {1, 2}, {0.1f, 1});
  pair("b", {3, 4}, {0.2f, 2});
  pair("c", {-1, 0.5}, {0.4f, 4});
  // 0.5 * 1 + 0.25 * 3 + 0.25 * -1 = 1; 0.5 * 2 + 0.25 * 4 + 0.25 * 0.5 = 2.125
  EXPECT_TRUE(merged(config({0.5, 0.25, 0.25}), "w").equal(at::tensor({1.0f, 2.125f})));
  EXPECT_NEAR(merged(config({0.5, 0.25, 0.25}), "b")[0].item<double>(), 0.2, 1e-7);
  EXPECT_TRUE(merged(config({1, 2, 1}, true), "b").equal(merged(config({0.25, 0.5, 0.25}), "b")));
  EXPECT_TRUE(merged(config({0, 0, 1}), "b").equal(at::tensor({0.4f, 4.0f})));

  // In bfloat16 the third of 1, 1.0078125 (the next value) and 1 would round at every addition; the exact mean 1.00260
  // rounds to 1.
  pair("a", {1, 1}, {0, 0});
  pair("b", {1.0078125f, 1.0078125f}, {0, 0});
  pair("c", {1, 1.0078125f}, {0, 0});
  EXPECT_TRUE(merged(config({1, 1, 1}, true), "w").equal(at::tensor({1.0f, 1.0078125f})));
}

TEST_F(MergeTest, refusesWeightsThatAreNoShares) {
  pair("a", {1, 2}, {1, 1});
  pair("b", {1, 2}, {1, 1});
  EXPECT_ERROR(merged(config({1, std::numeric_limits<double>::infinity()}), "w"), "weights that are finite, found inf");
  EXPECT_ERROR(merged(config({0, 0}, true), "w"), "sum to more than 0");
  EXPECT_ERROR(merged(config({}), "w"), "at least one model");
}

TEST_F(MergeTest, takesWeightsAsTheyAreWithoutNormalisation) {
  pair("a", {1, 2}, {1, 4});
  pair("b", {2, 4}, {2, 2});
  // 2 * 1 - 0.5 * 2 = 1; 2 * 4 - 0.5 * 2 = 7; with normalisation both by 1.5
  EXPECT_TRUE(merged(config({2, -0.5}), "b").equal(at::tensor({1.0f, 7.0f})));
  EXPECT_TRUE(merged(config({2, -0.5}, true), "b").allclose(at::tensor({1 / 1.5f, 7 / 1.5f})));
}

TEST_F(MergeTest, refusesModelsThatDiffer) {
  pair("a", {1, 2}, {1, 1});
  model("b", {{{"b", DType::F32, {2}}, at::tensor({1.0f, 1.0f})}});
  EXPECT_ERROR(merged(config({0.5, 0.5}), "w"), "tensor 'w': expected BF16 [1, 2] as in");
  model("b",
        {{{"b", DType::F32, {2}}, at::tensor({1.0f, 1.0f})}, {{"w", DType::F32, {1, 2}}, at::tensor({1.0f, 1.0f})}});
  EXPECT_ERROR(merged(config({0.5, 0.5}), "w"), "found F32 [1, 2]");
  model("b", {{{"b", DType::F32, {2}}, at::tensor({1.0f, 1.0f})},
              {{"w", DType::BF16, {1, 2}}, at::tensor({1.0f, 1.0f})},
              {{"x", DType::F32, {1}}, at::tensor({1.0f})}});
  EXPECT_ERROR(merged(config({0.5, 0.5}), "w"), "tensor 'x'");
  EXPECT_FALSE(fs::exists(folder / "out.safetensors"));
}

TEST_F(MergeTest, makesABundle) {
  pair("a", {1, 2}, {1, 1});
  pair("b", {3, 4}, {1, 3});
  mergeBundles(config({0.5, 0.5}), folder / "out");
  Bundle bundle = Bundle::open(folder / "out");
  EXPECT_EQ(bundle.kind, "student");
  EXPECT_EQ(get(folder / "out/model.mlir"), "module {}");
  EXPECT_TRUE(fs::exists(folder / "out/config.json"));
  EXPECT_TRUE(viewOf(bundle.weights.get("b")).equal(at::tensor({1.0f, 2.0f})));
  MergeConfig withBase = config({0.5, 0.5});
  withBase.base = folder / "b";
  withBase.needsOneTokenizer = true;
  put("b/config.json", "{\"b\": 1}");
  recordBundle(folder / "b");
  mergeBundles(withBase, folder / "based");
  EXPECT_EQ(get(folder / "based/config.json"), "{\"b\": 1}");
  put("b/tokenizer.json", "{}");
  EXPECT_ERROR(mergeBundles(withBase, folder / "more"), "tokenizer.json differs from that of");
  put("b/model.mlir", "another");
  recordBundle(folder / "b");
  EXPECT_ERROR(mergeBundles(config({0.5, 0.5}), folder / "more"), "model.mlir differs");
  EXPECT_FALSE(fs::exists(folder / "more"));
}

class MergeConfigTest : public TestFolder {
protected:
  MergeConfig read(const std::string &text) { return readMergeConfig(put("merge.yaml", text)); }
};

TEST_F(MergeConfigTest, readsMergekitsLinearForm) {
  MergeConfig config =
      read("merge_method: linear\nmodels:\n  - model: experts/math\n    parameters:\n      weight: 0.7\n"
           "  - model: /abs/code\n    parameters: {weight: 0.3}\ndtype: float32\n");
  ASSERT_EQ(config.models.size(), 2u);
  EXPECT_EQ(config.models[0].folder, folder / "experts/math");
  EXPECT_EQ(config.models[1].folder, "/abs/code");
  EXPECT_EQ(mergeWeights(config), (std::vector<double>{0.7, 0.3}));
  config = read("merge_method: linear\nmodels: [{model: a}, {model: b}, {model: c}, {model: d}]\n");
  EXPECT_EQ(mergeWeights(config), (std::vector<double>{0.25, 0.25, 0.25, 0.25}));
  config =
      read("merge_method: linear\nmodels: [{model: a, parameters: {weight: 3}}, {model: b, parameters: {weight: 1}}]\n"
           "parameters: {normalize: true}\n");
  EXPECT_EQ(mergeWeights(config), (std::vector<double>{0.75, 0.25}));
}

// What mergekit 0.1.5 makes of it: linear merges are normalised unless told otherwise, by the sum of the weights.
TEST_F(MergeConfigTest, normalisesUnlessToldOtherwise) {
  const std::string models =
      "merge_method: linear\nmodels: [{model: a, parameters: {weight: 0.1}}, {model: b, parameters: {weight: 1}}]\n";
  std::vector<double> weights = mergeWeights(read(models));
  EXPECT_DOUBLE_EQ(weights[0], 0.1 / 1.1);
  EXPECT_DOUBLE_EQ(weights[1], 1 / 1.1);
  EXPECT_EQ(mergeWeights(read(models + "parameters: {normalize: false}\n")), (std::vector<double>{0.1, 1}));
  EXPECT_EQ(mergeWeights(read("merge_method: linear\nparameters: {weight: 3}\n"
                              "models: [{model: a}, {model: b, parameters: {weight: 1}}]\n")),
            (std::vector<double>{0.75, 0.25}));
}

TEST_F(MergeConfigTest, otherKeysAreFollowedOrWarnedOf) {
  MergeConfig config =
      read("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1, density: 0.5}}, {model: b}]\n"
           "parameters: {weight: 1, int8_mask: true}\nbase_model: b\ndtype: bfloat16\ntokenizer_source: union\n"
           "chat_template: auto\n");
  EXPECT_EQ(config.base, folder / "b");
  EXPECT_TRUE(config.needsOneTokenizer);
  ASSERT_EQ(config.warnings.size(), 4u);
  EXPECT_NE(config.warnings[0].find("merge.yaml: 'chat_template' is not followed"), std::string::npos);
  EXPECT_NE(config.warnings[1].find("'density' does nothing"), std::string::npos);
  EXPECT_NE(config.warnings[2].find("'dtype: bfloat16' is not followed"), std::string::npos);
  EXPECT_NE(config.warnings[3].find("'int8_mask' does nothing"), std::string::npos);
  for (const char *source : {"tokenizer_source: base", "tokenizer_source: a", "tokenizer: {source: union}",
                             "tokenizer: {source: {type: model, path: a}}"})
    EXPECT_TRUE(read("merge_method: linear\nmodels: [{model: a}]\n" + std::string(source) + "\n").needsOneTokenizer);
}

TEST_F(MergeConfigTest, refusesWithFileAndLine) {
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\nslices: []\n"), "merge.yaml:3");
  for (const char *method : {"slerp", "ties", "task_arithmetic"})
    EXPECT_ERROR(read("merge_method: " + std::string(method) + "\nmodels: [{model: a}]\n"), "expected linear");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a}\ntokenizer: {source: base, tokens: {x: y}}\n"),
               "merge.yaml:4");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\ntokenizer_source: c\n"), "or one of the models");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a+lora}]\n"), "an adapter is merged when");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n  - model: a\n    parameters:\n      wieght: 1\n"), "merge.yaml:5");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a, parameters: {weight: [1, 2]}}]\n"), "one number");
  EXPECT_ERROR(read("merge_method: linear\nmodels: []\n"), "at least one model");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\ndtype: int8\n"), "merge.yaml:3");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 0.4}}\n- {model: b}\n"),
               "a weight for every model or for none");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 0.4}}\n"
                    "- {model: b, parameters: {weight: -0.4}}\n"),
               "sum to more than 0");
  EXPECT_ERROR(read("models: [{model: a}]\n"), "merge_method");
}
