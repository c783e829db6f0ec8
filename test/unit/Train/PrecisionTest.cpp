//===- PrecisionTest.cpp - stages I and II in bf16 ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth is the same function in float32: a bf16 number has 8 bits, so a value is off by up to 1/256 of itself.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Support/Error.h"

#include <ATen/TensorOperators.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// Loss of @align with its gradients, all parameters trained.
std::pair<double, ParamMap> lossAndGradients(const Program &program) {
  ParamMap params = initialParams(program.function("align"));
  params.merge(tinyTeacherParams());
  for (auto &[name, param] : params)
    param.requires_grad_(true);
  TokenRows rows = tinyRows(6, 3);
  at::Tensor loss = program.run("align", {rows.ids_NT, rows.docStart_NT}, params).at(0);
  loss.backward();
  ParamMap gradients;
  for (auto &[name, param] : params)
    if (param.grad().defined())
      gradients[name] = param.grad();
  return {loss.item<double>(), gradients};
}

double normOf(const ParamMap &gradients) {
  double square = 0;
  for (const auto &[name, gradient] : gradients)
    square += gradient.square().sum().item<double>();
  return std::sqrt(square);
}

class PrecisionTest : public TestFolder {
protected:
  TrainOptions options(TrainOptions options, double rate, const std::string &precision) {
    options.batch = 4;
    options.rate.peak = rate;
    options.validateEvery = options.checkpointEvery = 20;
    options.precision = precision;
    return options;
  }
  AlignResult align(const AlignBuilder &build, const std::string &precision) {
    return alignStudent(build, tinyTeacherParams(), rows, heldOut,
                        options(TrainOptions::alignment(80), 2e-2, precision), folder / ("a" + precision));
  }

  MixedRows rows = mixRows({tinyRows(16, 1)}, {1.0});
  TokenRows heldOut = tinyRows(6, 100);
};

} // namespace

TEST_F(PrecisionTest, GradientsPointWhereThoseOfFloat32Do) {
  auto [wide, wideGradients] = lossAndGradients(tinyAlign());
  auto [loss, gradients] = lossAndGradients(narrowAlign());
  EXPECT_NEAR(loss, wide, 0.03 * wide);
  EXPECT_NE(loss, wide) << "nothing was rounded";
  ASSERT_EQ(gradients.size(), wideGradients.size());
  double least = 0.01 * normOf(wideGradients); // the input gate's bias cancels: its gradient is rounding alone
  for (const auto &[name, gradient] : gradients) {
    EXPECT_EQ(gradient.scalar_type(), at::kFloat) << name;
    const at::Tensor &wanted = wideGradients.at(name);
    EXPECT_LT((gradient - wanted).norm().item<double>(), 0.05 * std::max(wanted.norm().item<double>(), least)) << name;
  }
}

// Steps far below a bf16 number's last bit add up: what is trained is float32.
TEST_F(PrecisionTest, AlignmentEndsWhereFloat32Does) {
  AlignResult wide = align(tinyAlign, "f32"), found = align(narrowAlign, "bf16");
  EXPECT_LT(found.report.final(true), 0.85 * found.report.initial(true));
  EXPECT_NEAR(found.report.final(true), wide.report.final(true), 0.05 * wide.report.final(true));
  for (const auto &[name, param] : found.trained) {
    EXPECT_EQ(param.scalar_type(), at::kFloat) << name;
    EXPECT_FALSE(param.equal(param.to(at::kBFloat16).to(at::kFloat))) << name << " has bf16 values";
  }
}

TEST_F(PrecisionTest, DistillationEndsWhereFloat32Does) {
  writeTinyTargets(rows.rows, folder / "targets");
  double best[2];
  for (bool isNarrow : {false, true}) {
    std::string precision = isNarrow ? "bf16" : "f32";
    best[isNarrow] = distillExpert(isNarrow ? narrowStudent() : tinyStudent(), tinyStudentParams, rows,
                                   TargetStore::open(folder / "targets"), heldOut,
                                   options(TrainOptions::distillation(60), 1e-2, precision), folder / precision)
                         .report.best;
  }
  EXPECT_NEAR(best[1], best[0], 0.02 * best[0]);
}

TEST_F(PrecisionTest, RunOfAnotherPrecisionIsNotGoneOnWith) {
  align(tinyAlign, "f32");
  std::filesystem::rename(folder / "af32", folder / "abf16");
  try {
    align(tinyAlign, "bf16");
    FAIL() << "the float32 run was gone on with";
  } catch (const Error &error) {
    EXPECT_NE(std::string(error.what()).find("precision"), std::string::npos) << error.what();
  }
}
