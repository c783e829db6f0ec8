//===- MergeTypesTest.cpp - merges in a type, against mergekit's own calls ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mergekit computes in torch; what it calls is called here by the same names of ATen, on tensors of the type.

#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TensorBytes.h"
#include "xlstm/Runtime/Merge/Merge.h"

#include <ATen/Functions.h>
#include <ATen/ScalarOps.h>
#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

struct Method {
  MergeMethod method;
  bool votes, normalize, rescale;
  double density, lambda;
};

/// merge_methods/generalized_task_arithmetic.py of mergekit 0.1.5, and `magnitude` of its sparsify.py; `kept`: what
/// DARE's bernoulli drew, of each model, where it is DARE.
at::Tensor mergeVectors(const at::Tensor &base, const std::vector<at::Tensor> &models,
                        const std::vector<double> &weights, const Method &method, const std::vector<at::Tensor> &kept) {
  std::vector<at::Tensor> deltas;
  for (size_t m = 0; m < models.size(); ++m) {
    at::Tensor delta = models[m] - base, mask = at::zeros_like(delta);
    at::ScalarType worked = delta.scalar_type();
    if (kept.empty()) {
      auto count = std::max<int64_t>(1, int64_t(method.density * double(delta.numel())));
      // mergekit leaves the order of equals to torch's version; ours is the first first.
      at::Tensor order = delta.abs().reshape({-1}).to(at::kFloat).argsort(/*stable=*/true, 0, /*descending=*/true);
      mask.view({-1}).index_fill_(0, order.slice(0, 0, count), 1);
    } else {
      mask = kept[m].view_as(delta);
      worked = worked == at::kHalf ? at::kFloat : worked; // "not implemented for float16 on CPU"
    }
    at::Tensor masked = delta.to(worked) * mask.to(worked);
    if (method.rescale)
      masked = masked * (delta.to(worked).abs().sum() / masked.abs().sum());
    deltas.push_back(masked.to(delta.scalar_type()));
  }
  at::Tensor all = at::stack(deltas), factors = at::tensor(weights).to(base.scalar_type()).view({-1, 1, 1});
  all.mul_(factors);
  at::Tensor mixed, divisor;
  if (method.votes) {
    at::Tensor majority = all.sum(0).ge(0).to(all.scalar_type()) * 2 - 1, mask = all.sign().eq(majority);
    mixed = (all * mask).sum(0);
    divisor = (factors * mask).sum(0);
    divisor.masked_fill_(divisor.eq(0), 1);
  } else {
    mixed = all.sum(0);
    divisor = factors.sum(0);
  }
  if (method.normalize)
    mixed /= divisor;
  if (method.lambda != 1) { // mul_ of a Python number, which is not cast to the tensor's type
    at::Tensor number = c10::scalar_to_tensor(method.lambda);
    number.unsafeGetTensorImpl()->set_wrapped_number(true);
    mixed.mul_(number);
  }
  return base + mixed;
}

class MergeTypesTest : public TestFolder, public testing::WithParamInterface<DType> {
protected:
  void SetUp() override {
    at::manual_seed(3);
    at::Tensor base = at::randn({48, 40});
    put("o", base);
    for (const char *name : {"a", "b", "c"})
      put(name, base + 0.3 * at::randn_like(base));
  }
  void put(const std::string &name, const at::Tensor &value) {
    fs::create_directories(folder / name);
    SafetensorsWriter writer(folder / name / "model.safetensors", {{"w", DType::F32, value.sizes().vec()}});
    writer.append(bytesOf(value));
    writer.commit();
  }
  at::Tensor stored(const std::string &name) const {
    return viewOf(SafetensorsFile::open(folder / name / "model.safetensors").get("w")).clone();
  }
  at::Tensor cast(const std::string &name) const { return stored(name).to(scalarType(GetParam())); }
  MergeConfig config(MergeMethod method, const std::vector<double> &weights) const {
    MergeConfig result;
    result.method = method;
    result.type = GetParam();
    if (method != MergeMethod::Linear)
      result.base = folder / "o";
    for (size_t m = 0; m < weights.size(); ++m)
      result.models.push_back({folder / std::string(1, char('a' + m)), {{"weight", weights[m]}}});
    return result;
  }
  at::Tensor written(const MergeConfig &config) {
    mergeWeightFiles(config, folder / "out.safetensors");
    return viewOf(SafetensorsFile::open(folder / "out.safetensors").get("w")).clone();
  }
  /// Which elements DARE keeps of each model: they do not depend on the values.
  std::vector<at::Tensor> keptOf(MergeConfig dare, const std::map<std::string, at::Tensor> &values) {
    std::vector<at::Tensor> kept;
    dare.shared.insert(dare.shared.begin(), MergeSettings{{"rescale", 0.0}, {"normalize", 0.0}, {"lambda", 1.0}});
    put("o", at::zeros_like(values.at("o")));
    for (const char *name : {"a", "b", "c"})
      put(name, at::zeros_like(values.at("o")));
    for (const MergeSource &model : dare.models) {
      put(model.folder.filename(), at::ones_like(values.at("o")));
      kept.push_back(written(dare).ne(0).to(at::kFloat));
      put(model.folder.filename(), at::zeros_like(values.at("o")));
    }
    for (const auto &[name, value] : values)
      put(name, value);
    return kept;
  }
};

} // namespace

TEST_P(MergeTypesTest, taskVectorsAreRoundedWhereMergekitRoundsThem) {
  using enum MergeMethod;
  const std::vector<double> weights = {0.7, 0.45, 0.3};
  for (const Method &method : {Method{TaskArithmetic, false, false, false, 1, 1},
                               {TaskArithmetic, false, true, false, 1, 0.6},
                               {Ties, true, true, false, 0.4, 1},
                               {Ties, true, false, true, 0.3, 1.3},
                               {DareLinear, false, false, true, 0.5, 1},
                               {DareTies, true, true, true, 0.6, 0.9}}) {
    SCOPED_TRACE(testing::Message() << int(method.method) << ", lambda " << method.lambda);
    MergeConfig merge = config(method.method, weights);
    merge.shared = {{{"normalize", double(method.normalize)},
                     {"rescale", double(method.rescale)},
                     {"density", method.density},
                     {"lambda", method.lambda}}};
    std::vector<at::Tensor> kept;
    if (method.method == DareLinear || method.method == DareTies)
      kept = keptOf(merge, {{"o", stored("o")}, {"a", stored("a")}, {"b", stored("b")}, {"c", stored("c")}});
    at::Tensor found = written(merge),
               expected = mergeVectors(cast("o"), {cast("a"), cast("b"), cast("c")}, weights, method, kept);
    ASSERT_EQ(found.scalar_type(), expected.scalar_type());
    bool isSame = GetParam() == DType::F32 ? found.allclose(expected, 0, 1e-6) : found.equal(expected); // torch sums so
    EXPECT_TRUE(isSame) << found.ne(expected).sum().item<int64_t>() << " of " << found.numel() << " differ, by "
                        << (found.to(at::kDouble) - expected.to(at::kDouble)).abs().max();
  }
}

// Sums are in float32 at least, and rounded once.
TEST_P(MergeTypesTest, linearMergesAndArcsRoundTheirResult) {
  MergeConfig linear = config(MergeMethod::Linear, {0.3, 0.5, 0.4});
  linear.shared = {{{"normalize", 0.0}}};
  at::Tensor sum = 0.3 * cast("a").to(at::kDouble) + 0.5 * cast("b").to(at::kDouble) + 0.4 * cast("c").to(at::kDouble);
  EXPECT_TRUE(written(linear).equal(sum.to(at::kFloat).to(scalarType(GetParam()))));
  MergeConfig arc = config(MergeMethod::Slerp, {1});
  arc.shared = {{{"t", 0.3}}};
  at::Tensor from = cast("o").to(at::kDouble).flatten(), to = cast("a").to(at::kDouble).flatten();
  double angle = std::acos((from.dot(to) / from.norm() / to.norm()).item<double>());
  at::Tensor between = (std::sin(0.7 * angle) * from + std::sin(0.3 * angle) * to) / std::sin(angle);
  EXPECT_TRUE(written(arc).flatten().equal(between.to(at::kFloat).to(scalarType(GetParam()))));
}

TEST_P(MergeTypesTest, writesTheTypeThatIsAskedFor) {
  MergeConfig linear = config(MergeMethod::Linear, {0.3, 0.5});
  at::Tensor merged = written(linear);
  EXPECT_EQ(merged.scalar_type(), scalarType(GetParam()));
  for (DType type : {DType::F16, DType::BF16, DType::F32}) {
    linear.outType = type;
    EXPECT_TRUE(written(linear).equal(merged.to(scalarType(type)))) << torchName(type);
  }
  // Without dtype nothing is rounded on the way.
  linear.type.reset();
  linear.outType = GetParam();
  at::Tensor sum = (0.3 * stored("a").to(at::kDouble) + 0.5 * stored("b").to(at::kDouble)) / 0.8;
  EXPECT_TRUE(written(linear).equal(sum.to(at::kFloat).to(scalarType(GetParam()))));
}

// Sums of magnitudes are more than float16 holds; of them mergekit makes NaN there.
TEST_P(MergeTypesTest, sumsOfLargeTensorsAreNoInfinities) {
  put("o", at::zeros({48, 40}));
  put("a", at::full({48, 40}, 100.0f));
  MergeConfig ties = config(MergeMethod::Ties, {1});
  ties.shared = {{{"density", 0.5}, {"rescale", 1.0}}};
  at::Tensor found = written(ties).to(at::kFloat);
  EXPECT_EQ(found.max().item<float>(), 200);
  EXPECT_EQ(found.sum().item<float>(), 48 * 40 * 100);
}

INSTANTIATE_TEST_SUITE_P(Types, MergeTypesTest, testing::Values(DType::BF16, DType::F16, DType::F32),
                         [](const auto &info) { return std::string(torchName(info.param)); });
