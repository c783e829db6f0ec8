//===- HeldOutTest.cpp - losses over batches and parts of unequal size ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <cmath>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// Rows of which each has more labels than the one before: batches of as many rows differ in them.
TokenRows unequal(int64_t count, uint64_t seed) {
  return withoutFirstLabels(tinyRows(count, seed), [](int64_t row) { return 10 - row; });
}

/// Mean negative log-likelihood of the labels, from the student's logits alone, in float64.
double meanLoss(const Program &student, const ParamMap &params, const TokenRows &rows) {
  at::Tensor logits = student.run("model", {rows.ids_NT, rows.docStart_NT}, params).at(0).contiguous();
  double sum = 0;
  int64_t count = 0;
  for (int64_t token = 0; token < rows.labels_NT.numel(); ++token) {
    int64_t label = rows.labels_NT.const_data_ptr<int64_t>()[token];
    const float *row = logits.const_data_ptr<float>() + token * TinyVocabulary;
    double total = 0;
    for (int64_t v = 0; v < TinyVocabulary; ++v)
      total += std::exp(double(row[v]));
    if (label >= 0)
      sum += std::log(total) - row[label], ++count;
  }
  return sum / double(count);
}

class HeldOutTest : public TestFolder {
protected:
  TrainOptions options(TrainOptions from, int64_t heldOutBatch) {
    from.batch = 4;
    from.rate.peak = 1e-2;
    from.validateEvery = 1;
    from.heldOutBatch = heldOutBatch;
    return from;
  }
  DistillResult distill(const std::string &name, const TrainOptions &options) {
    writeTinyTargets(data.rows, folder / "targets");
    return distillExpert(tinyStudent(), tinyStudentParams, data, TargetStore::open(folder / "targets"), heldOut,
                         options, folder / name);
  }

  Program student =
      Program::parse(rewriteModule(tinyTeacher(), "tiny", "xlstm-linearize{window=4 sinks=1 chunk=4}"), "tiny");
  MixedRows data = mixRows({unequal(8, 1)}, {1});
  TokenRows heldOut = unequal(7, 100);
};

} // namespace

// Batches of 3, 3 and 1 rows, of 5 and 2, of one each, and of all: the mean is over the labels, not over the batches.
TEST_F(HeldOutTest, DistillationAveragesOverLabels) {
  double want = meanLoss(student, tinyStudentParams(), heldOut);
  for (int64_t batch : {1, 3, 5, 7, 64}) {
    DistillResult result = distill("b" + std::to_string(batch), options(TrainOptions::distillation(2), batch));
    EXPECT_NEAR(result.report.initial, want, 1e-5 * want) << "batches of " << batch;
    EXPECT_NEAR(result.report.best, meanLoss(student, result.params, heldOut), 1e-5 * want) << "batches of " << batch;
  }
}

// The same for alignment, whose losses are means over rows of equal length.
TEST_F(HeldOutTest, AlignmentAveragesOverRows) {
  std::vector<double> first;
  for (int64_t batch : {7, 1, 3, 5}) {
    std::string name = "a" + std::to_string(batch);
    AlignReport report = alignStudent(tinyAlign, tinyTeacherParams(), data, heldOut,
                                      options(TrainOptions::alignment(2), batch), folder / name)
                             .report;
    ASSERT_EQ(report.layers.size(), 1u);
    const LayerAlignment &layer = report.layers[0];
    std::vector<double> found = {layer.initial, layer.final, layer.windowOnly, layer.energy};
    if (first.empty())
      first = found; // in one batch: what the program itself gives
    for (size_t n = 0; n < found.size(); ++n)
      EXPECT_NEAR(found[n], first[n], 1e-5 * first[n]) << "batches of " << batch << ", value " << n;
    EXPECT_EQ(report.heldOutTokens, 7 * 12);
  }
}

// A step's parts count by their labels: parts of 3 and 1 rows, and one by one, move the weights as the whole batch
// does.
TEST_F(HeldOutTest, PartsOfABatchCountByTheirLabels) {
  auto run = [&](const std::string &name, int64_t micro) {
    TrainOptions o = options(TrainOptions::distillation(3), 64);
    o.microBatch = micro;
    o.adamw.eps = 1; // far above the gradients: steps follow them instead of their signs
    o.rate.peak = 1;
    o.clip = 0;
    return distill(name, o);
  };
  DistillResult whole = run("whole", 0);
  for (int64_t micro : {1, 3}) {
    DistillResult parts = run("parts" + std::to_string(micro), micro);
    for (const auto &[name, value] : whole.params) {
      double moved = value.sub(tinyStudentParams().at(name)).abs().max().item<double>();
      EXPECT_LE(value.sub(parts.params.at(name)).abs().max().item<double>(), 1e-3 * moved + 1e-7) << name;
    }
    EXPECT_NEAR(whole.report.last, parts.report.last, 1e-5);
  }
}
