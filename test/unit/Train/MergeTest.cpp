//===- MergeTest.cpp - merges against sums worked by hand and mergekit -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Merge/Merge.h"
#include "xlstm/Runtime/Merge/TuneWeights.h"

#include <ATen/Functions.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>

#include <cmath>
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
    result.shared = {{{"normalize", double(normalize)}}};
    for (size_t i = 0; i < weights.size(); ++i)
      result.models.push_back({folder / std::string(1, char('a' + i)), {{"weight", weights[i]}}});
    return result;
  }
  at::Tensor written(const MergeConfig &config, const std::string &name) {
    mergeWeightFiles(config, folder / "out.safetensors");
    return viewOf(SafetensorsFile::open(folder / "out.safetensors").get(name)).clone();
  }
  at::Tensor merged(const MergeConfig &config, const std::string &name) {
    return written(config, name).to(at::kFloat).flatten();
  }
  /// The IR of the result tells in which type weights would be stored.
  static void merge(const MergeConfig &config, const fs::path &output) {
    mergeBundles(config, output, [](const std::string &module, const std::string &, DType type) {
      return module + " in " + std::string(torchName(type));
    });
  }
};

} // namespace

TEST_F(MergeTest, refusesWhatIsNotFinite) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  pair("a", {1, 2}, {1, 2});
  pair("b", {3, nan}, {3, 4});
  EXPECT_ERROR(merge(config({0.5, 0.5}), folder / "out"),
               "b/model.safetensors: tensor 'w': expected finite numbers, found NaN at index [0, 1]");
  EXPECT_FALSE(fs::exists(folder / "out"));
  MergeConfig allowed = config({0.5, 0.5});
  allowed.allowNonFinite = true;
  merge(allowed, folder / "out");
  EXPECT_TRUE(fs::exists(folder / "out/bundle.json"));
  // Finite, and more than float32 holds when added.
  for (const char *name : {"a", "b"})
    model(name, {{{"w", DType::F32, {1}}, at::tensor({3e38f})}});
  EXPECT_ERROR(mergeWeightFiles(config({1, 1}), folder / "sum"),
               "sum: tensor 'w': expected finite numbers, found an infinity at index [0]");
}

TEST_F(MergeTest, refusesADamagedModel) {
  pair("a", {1, 2}, {1, 2});
  pair("b", {3, 4}, {3, 4});
  std::string weights = get(folder / "b/model.safetensors");
  weights.back() ^= 1;
  put("b/model.safetensors", weights);
  EXPECT_ERROR(merge(config({0.5, 0.5}), folder / "out"),
               "b/model.safetensors: expected the content that bundle.json records");
}

TEST_F(MergeTest, roundsSumsOnce) {
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
  merge(config({0.5, 0.5}), folder / "out");
  Bundle bundle = Bundle::open(folder / "out");
  EXPECT_EQ(bundle.kind, "student");
  EXPECT_EQ(get(folder / "out/model.mlir"), "module {}");
  EXPECT_TRUE(fs::exists(folder / "out/config.json"));
  EXPECT_TRUE(viewOf(bundle.weights.get("b")).equal(at::tensor({1.0f, 2.0f})));
  MergeConfig half = config({0.5, 0.5});
  half.type = DType::F32;
  half.outType = DType::BF16;
  merge(half, folder / "half"); // b was float32, w is bfloat16 anyway
  bundle = Bundle::open(folder / "half");
  EXPECT_EQ(get(folder / "half/model.mlir"), "module {} in bfloat16");
  EXPECT_EQ(bundle.source, "linear merge of a b, computed in float32, written as bfloat16");
  EXPECT_EQ(bundle.weights.get("b").spec.dtype, DType::BF16);
  MergeConfig withBase = config({0.5, 0.5});
  withBase.base = folder / "b";
  withBase.needsOneTokenizer = true;
  put("b/config.json", "{\"b\": 1}");
  recordBundle(folder / "b");
  merge(withBase, folder / "based");
  EXPECT_EQ(get(folder / "based/config.json"), "{\"b\": 1}");
  put("b/tokenizer.json", "{}");
  EXPECT_ERROR(merge(withBase, folder / "more"), "tokenizer.json differs from that of");
  put("b/model.mlir", "another");
  recordBundle(folder / "b");
  EXPECT_ERROR(merge(config({0.5, 0.5}), folder / "more"), "model.mlir differs");
  EXPECT_FALSE(fs::exists(folder / "more"));
}

class MergeConfigTest : public TestFolder {
protected:
  MergeConfig read(const std::string &text) { return readMergeConfig(put("merge.yaml", text)); }
  static TensorParameters parameters(const MergeConfig &config) {
    return parametersOf(config, mergedModels(config), "model.norm.weight", 0);
  }
  static std::vector<double> weights(const MergeConfig &config) { return parameters(config).weights; }
};

TEST_F(MergeConfigTest, readsMergekitsLinearForm) {
  MergeConfig config =
      read("merge_method: linear\nmodels:\n  - model: experts/math\n    parameters:\n      weight: 0.7\n"
           "  - model: /abs/code\n    parameters: {weight: 0.3}\ndtype: float32\n");
  ASSERT_EQ(config.models.size(), 2u);
  EXPECT_EQ(config.models[0].folder, folder / "experts/math");
  EXPECT_EQ(config.models[1].folder, "/abs/code");
  EXPECT_EQ(weights(config), (std::vector<double>{0.7, 0.3}));
  EXPECT_TRUE(parameters(config).normalize);
  config = read("merge_method: linear\nmodels: [{model: a}, {model: b}, {model: c}, {model: d}]\n");
  EXPECT_EQ(weights(config), (std::vector<double>{1, 1, 1, 1}));
  EXPECT_TRUE(parameters(config).normalize);
  EXPECT_FALSE(parameters(read("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\n"
                               "parameters: {normalize: false}\n"))
                   .normalize);
  EXPECT_EQ(weights(read("merge_method: linear\nparameters: {weight: 3}\n"
                         "models: [{model: a}, {model: b, parameters: {weight: 1}}]\n")),
            (std::vector<double>{3, 1}));
}

// mergekit 0.1.5's defaults (merge_methods/registry.py).
TEST_F(MergeConfigTest, hasMergekitsDefaults) {
  auto defaults = [&](const std::string &method) {
    TensorParameters found = parameters(read("merge_method: " + method +
                                             "\nbase_model: base\nparameters: {t: 0.5}\n"
                                             "models: [{model: a, parameters: {weight: 2}}]\n"));
    return std::tuple(found.normalize, found.rescale, found.lambda,
                      found.densities.empty() ? -1 : found.densities.at(0));
  };
  EXPECT_EQ(defaults("task_arithmetic"), std::tuple(false, false, 1.0, 1.0));
  EXPECT_EQ(defaults("ties"), std::tuple(true, false, 1.0, 1.0));
  EXPECT_EQ(defaults("dare_ties"), std::tuple(false, true, 1.0, 1.0));
  EXPECT_EQ(defaults("dare_linear"), std::tuple(false, true, 1.0, 1.0));
}

TEST_F(MergeConfigTest, otherKeysAreFollowedOrWarnedOf) {
  MergeConfig config =
      read("merge_method: linear\nmodels: [{model: a, parameters: {weight: 1, density: 0.5}}, {model: b}]\n"
           "parameters: {weight: 1, int8_mask: true}\nbase_model: b\ndtype: bfloat16\ntokenizer_source: union\n"
           "chat_template: auto\n");
  EXPECT_EQ(config.base, folder / "b");
  EXPECT_TRUE(config.needsOneTokenizer);
  EXPECT_EQ(config.type, DType::BF16);
  EXPECT_FALSE(config.outType);
  EXPECT_EQ(config.writtenType(), DType::BF16);
  EXPECT_EQ(read("merge_method: linear\nmodels: [{model: a}]\ndtype: bfloat16\nout_dtype: float16\n").writtenType(),
            DType::F16);
  ASSERT_EQ(config.warnings.size(), 3u);
  EXPECT_NE(config.warnings[0].find("merge.yaml: 'chat_template' is not followed"), std::string::npos);
  EXPECT_NE(config.warnings[1].find("'density' does nothing to a merge by linear"), std::string::npos);
  EXPECT_NE(config.warnings[2].find("'int8_mask' does nothing"), std::string::npos);
  for (const char *source : {"tokenizer_source: base", "tokenizer_source: a", "tokenizer: {source: union}",
                             "tokenizer: {source: {type: model, path: a}}"})
    EXPECT_TRUE(read("merge_method: linear\nmodels: [{model: a}]\n" + std::string(source) + "\n").needsOneTokenizer);
}

TEST_F(MergeConfigTest, refusesWithFileAndLine) {
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\nmodules: []\n"), "merge.yaml:3");
  EXPECT_ERROR(read("merge_method: nearswap\nmodels: [{model: a}]\n"),
               "merge.yaml:1: 'merge_method': expected dare_linear, dare_ties, linear, slerp, task_arithmetic, ties");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a}\ntokenizer: {source: base, tokens: {x: y}}\n"),
               "merge.yaml:4");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\ntokenizer_source: c\n"), "or one of the models");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a+lora}]\n"), "an adapter is merged when");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n  - model: a\n    parameters:\n      wieght: 1\n"), "merge.yaml:5");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a, parameters: {weight: []}}]\n"), "an empty list");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a, parameters: {weight: [1, x]}}]\n"), "merge.yaml:2");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a, parameters: {weight: [{filter: mlp, valeu: 1}]}}]\n"),
               "valeu");
  EXPECT_ERROR(read("merge_method: linear\nmodels: []\n"), "at least one model");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\ndtype: int8\n"), "merge.yaml:3");
  EXPECT_ERROR(read("merge_method: linear\nmodels: [{model: a}]\nout_dtype: float64\n"),
               "'out_dtype': expected float32, bfloat16 or float16, found 'float64'");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 0.4}}\n- {model: b}\n"),
               "a weight for every model or for none");
  EXPECT_ERROR(read("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 0.4}}\n"
                    "- {model: b, parameters: {weight: -0.4}}\n"),
               "sum to more than 0");
  EXPECT_ERROR(read("models: [{model: a}]\n"), "merge_method");
  EXPECT_ERROR(read("merge_method: ties\nmodels: [{model: a, parameters: {weight: 1}}]\n"), "expected a base_model");
  EXPECT_ERROR(read("merge_method: ties\nbase_model: b\nmodels: [{model: a}]\n"),
               "a weight for every model but the base");
  EXPECT_ERROR(read("merge_method: ties\nbase_model: b\nparameters: {weight: 1}\nmodels: [{model: a}, {model: a}]\n"),
               "twice");
  EXPECT_ERROR(read("merge_method: slerp\nbase_model: b\nmodels: [{model: a}]\n"), "expected 't'");
  EXPECT_ERROR(read("merge_method: slerp\nbase_model: b\nparameters: {t: 0.5}\nmodels: [{model: a}, {model: c}]\n"),
               "expected one model beside base_model, found 2");
  EXPECT_ERROR(read("merge_method: slerp\nbase_model: b\nparameters: {t: 0.5}\nslices:\n"
                    "- sources: [{model: a, layer_range: [1, 3]}]\n"),
               "all layers from 0 on");
}

/// The cases of test/Inputs/merge, which PyPI mergekit merged.
class MergekitTest : public TestFolder, public testing::WithParamInterface<const char *> {};

TEST_P(MergekitTest, givesItsNumbers) {
  const fs::path inputs = fs::path(XLSTM_TEST_INPUTS) / "merge";
  MergeConfig config = readMergeConfig(inputs / (std::string(GetParam()) + ".yaml"));
  mergeWeightFiles(config, folder / "out");
  SafetensorsFile out = SafetensorsFile::open(folder / "out");
  SafetensorsFile golden = SafetensorsFile::open(inputs / "golden.safetensors");
  for (const auto &[name, stored] : out.tensors()) {
    at::Tensor expected = viewOf(golden.get(std::string(GetParam()) + "/" + name)), found = viewOf(stored);
    EXPECT_LT((found - expected).abs().max().item<double>(), 2e-6) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Merge, MergekitTest,
                         testing::Values("linear", "linear-layers", "linear-base", "task", "task-lambda", "ties",
                                         "ties-rescale", "dare-linear", "dare-ties", "slerp", "slerp-slices"));

TEST_F(MergeTest, keepsTheGreatestAndOfEqualsTheFirst) {
  model("o", {{{"w", DType::F32, {6}}, at::zeros({6})}});
  model("a", {{{"w", DType::F32, {6}}, at::tensor({1.0f, -2.0f, 2.0f, 0.5f, 2.0f, 0.0f})}});
  MergeConfig ties = config({1});
  ties.method = MergeMethod::Ties;
  ties.base = folder / "o";
  auto kept = [&](double density) {
    ties.models[0].settings.insert_or_assign("density", density);
    return merged(ties, "w");
  };
  EXPECT_TRUE(kept(0.4).equal(at::tensor({0.0f, -2.0f, 2.0f, 0.0f, 0.0f, 0.0f})));
  EXPECT_TRUE(kept(0.01).equal(at::tensor({0.0f, -2.0f, 0.0f, 0.0f, 0.0f, 0.0f}))); // one at least
  EXPECT_TRUE(kept(0).equal(at::zeros({6})));
  EXPECT_TRUE(kept(0.7).equal(at::tensor({1.0f, -2.0f, 2.0f, 0.0f, 2.0f, 0.0f})));
}

TEST_F(MergeTest, dropsAsManyAsDensitySaysBySeed) {
  constexpr int64_t n = 200000; // more than one piece
  model("o", {{{"w", DType::F32, {n}}, at::zeros({n})}});
  model("a", {{{"w", DType::F32, {n}}, at::ones({n})}});
  MergeConfig dare = config({1});
  dare.method = MergeMethod::DareLinear;
  dare.base = folder / "o";
  dare.shared.push_back({{"density", 0.3}, {"rescale", 0.0}});
  at::Tensor first = merged(dare, "w").clone();
  EXPECT_NEAR(first.mean().item<double>(), 0.3, 0.004); // four standard deviations
  EXPECT_NEAR(first.slice(0, 100000).mean().item<double>(), 0.3, 0.006);
  EXPECT_TRUE(merged(dare, "w").equal(first));
  dare.seed = 1;
  EXPECT_FALSE(merged(dare, "w").equal(first));
  dare.shared.insert(dare.shared.begin(), MergeSettings{{"rescale", 1.0}});
  EXPECT_NEAR(merged(dare, "w").mean().item<double>(), 1, 1e-6); // what is kept stands for all
}

TEST_F(MergeTest, refusesExpertsOfOtherOrigin) {
  pair("a", {1, 2}, {1, 1});
  pair("b", {3, 4}, {1, 3});
  Lineage ours{"teacher-1", "start-1", "expert", 3, {{"math", "x"}}}, theirs = ours;
  auto mergeThem = [&] {
    writeBundleManifest(folder / "a", "student", "a test", ours);
    writeBundleManifest(folder / "b", "student", "a test", theirs);
    merge(config({0.5, 0.5}), folder / "out");
  };
  theirs.data = {{"code", "y"}};
  mergeThem();
  std::optional<Lineage> merged = Bundle::open(folder / "out").lineage;
  ASSERT_TRUE(merged);
  EXPECT_EQ(merged->stage, "merged");
  EXPECT_EQ(merged->start, "start-1");
  EXPECT_EQ(merged->merge, (std::map<std::string, std::string>{{"method", "linear"}}));
  EXPECT_EQ(merged->data, (std::map<std::string, std::string>{{"code", "y"}, {"math", "x"}}));
  theirs.start = "start-2";
  theirs.seed = 4;
  EXPECT_ERROR(mergeThem(), "/b: expected an expert that began at the weights start-1 (seed 3) as");
  theirs.teacher = "teacher-2";
  EXPECT_ERROR(mergeThem(), "/b: expected an expert of the teacher teacher-1 of");
  writeBundleManifest(folder / "b", "student", "a test"); // one of before
  merge(config({0.5, 0.5}), folder / "out");
  EXPECT_FALSE(Bundle::open(folder / "out").lineage);
}

TEST_F(MergeConfigTest, tunesByStepsFromWhereTheFileStands) {
  MergeConfig linear = read("merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 1}}\n"
                            "- {model: b, parameters: {weight: 1}}\n- {model: c, parameters: {weight: 2}}\n");
  // Least at (0.6, 0.4, 0), which steps of 0.2, 0.1 and 0.05 reach from (0.25, 0.25, 0.5).
  auto cost = [&](const MergeConfig &config) {
    std::vector<double> w = weights(config);
    return std::pow(w[0] - 0.6, 2) + std::pow(w[1] - 0.4, 2) + std::pow(w[2], 2);
  };
  TuneCurve curve = tuneMerge(linear, 200, cost);
  EXPECT_EQ(curve.parameter, "weight");
  EXPECT_EQ(curve.points[0].values, (std::vector<double>{0.25, 0.25, 0.5}));
  EXPECT_NEAR(curve.points[curve.best].cost, 0, 1e-9);
  EXPECT_EQ(tuneMerge(linear, 5, cost).points.size(), 5u);
  MergeConfig ties = read("merge_method: ties\nbase_model: b\nparameters: {weight: 1}\nmodels: [{model: a}]\n");
  curve = tuneMerge(ties, 50, [&](const MergeConfig &config) { return std::abs(parameters(config).lambda - 0.35); });
  EXPECT_EQ(curve.parameter, "lambda");
  EXPECT_EQ(curve.points[curve.best].values, std::vector<double>{0.35});
  EXPECT_ERROR(
      tuneMerge(read("merge_method: slerp\nbase_model: b\nparameters: {t: [0, 1]}\nmodels: [{model: a}]\n"), 5, cost),
      "expected one number as 't'");
}
