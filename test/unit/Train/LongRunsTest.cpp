//===- LongRunsTest.cpp - runs that grow, stop early or go wrong ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth of a run that was extended is one that was as long from the start.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "runtime/Train/EventFile.h"
#include "runtime/Train/SpikeWatch.h"
#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"
#include "xlstm/Runtime/Train/Replay.h"

#include <ATen/Parallel.h>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

class LongRunsTest : public TestFolder {
protected:
  LongRunsTest() {
    at::set_num_threads(1);
    writeTinyTargets(concatenate({rows.rows, heldOut}), folder / "targets");
  }

  static TrainOptions options(int64_t steps) {
    TrainOptions options = TrainOptions::distillation(steps);
    options.batch = 4;
    options.rate = {.peak = 1e-2, .final = 1e-2, .warmup = 2, .cosine = false};
    options.validateEvery = 5;
    options.checkpointEvery = 4;
    return options;
  }
  DistillResult distill(const std::string &name, const TrainOptions &options) {
    return distillExpert(student, tinyStudentParams, rows, TargetStore::open(folder / "targets"), heldOut, options,
                         folder / name);
  }
  std::vector<Json> log(const std::string &name) { return logOf(folder / name); }
  void expectSame(const std::string &one, const std::string &other) {
    EXPECT_EQ(get(folder / one / "metrics.jsonl"), get(folder / other / "metrics.jsonl"));
  }

  Program student = tinyStudent();
  MixedRows rows = mixRows({tinyRows(10, 1), tinyRows(6, 2)}, {0.5, 0.5});
  TokenRows heldOut = tinyRows(6, 100);
};

} // namespace

// From the last checkpoint, and, where the shorter run's end was validated and a longer one is not there, from the one
// before it.
TEST_F(LongRunsTest, AnExtendedRunIsOneThatWasAsLongFromTheStart) {
  DistillResult whole = distill("whole", options(20));
  for (int64_t first : {10, 13}) {
    std::string name = std::to_string(first);
    distill(name, options(first));
    DistillResult grown = distill(name, options(20));
    EXPECT_TRUE(sameParams(grown.params, whole.params)) << first;
    EXPECT_EQ(grown.report.toJson(), whole.report.toJson());
    expectSame(name, "whole");
  }
}

// The best step of the shorter run was its last, whose state a longer one has in best/.
TEST_F(LongRunsTest, AnExtendedRunKeepsItsBestStep) {
  TrainOptions longer = options(20);
  distill("grown", options(10));
  DistillResult grown = distill("grown", longer), whole = distill("whole", longer);
  EXPECT_EQ(grown.report.bestStep, whole.report.bestStep);
  EXPECT_EQ(fs::exists(folder / "grown/best"), fs::exists(folder / "whole/best"));
}

// Where a longer run would have come another way it begins anew, and ends as one that began so.
TEST_F(LongRunsTest, BeginsAnewWhereALongerRunComesAnotherWay) {
  TrainOptions cosine = options(12), longer = options(16);
  cosine.rate.cosine = longer.rate.cosine = true;
  cosine.rate.final = longer.rate.final = 1e-4;
  distill("cosine", cosine);
  DistillResult grown = distill("cosine", longer), whole = distill("whole", longer);
  EXPECT_TRUE(sameParams(grown.params, whole.params));
  expectSame("cosine", "whole");
  distill("shrunk", options(12));
  distill("shrunk", options(6));
  distill("short", options(6));
  expectSame("shrunk", "short");
}

TEST_F(LongRunsTest, StopsWhereNothingGetsBetter) {
  TrainOptions patient = options(200);
  patient.rate.peak = 0.3; // falls, then rises
  patient.patience = 3;
  patient.validateEvery = 2;
  DistillResult stopped = distill("patient", patient);
  EXPECT_LT(stopped.report.steps, 200);
  EXPECT_EQ(stopped.report.steps, stopped.report.bestStep + 3 * 2);
  std::vector<double> heldOut;
  for (const Json &line : log("patient"))
    if (line.contains("held_out"))
      heldOut.push_back(line["held_out"]);
  size_t best = size_t(stopped.report.bestStep / 2);
  ASSERT_EQ(heldOut.size(), best + 4);
  EXPECT_EQ(*std::min_element(heldOut.begin(), heldOut.end()), heldOut[best]);
  std::string before = get(folder / "patient/metrics.jsonl");
  EXPECT_TRUE(sameParams(distill("patient", patient).params, stopped.params)); // once more: it has stopped
  EXPECT_EQ(get(folder / "patient/metrics.jsonl"), before);
}

// KL of the held-out rows to the teacher's answers, where the store has them: what a run with these rows as its only
// batch shows for its first step.
TEST_F(LongRunsTest, MeasuresHeldOutKl) {
  distill("run", options(2));
  double found = log("run")[0].at("held_out_kl");
  MixedRows all = mixRows({heldOut}, {1.0});
  TrainOptions once = options(1);
  once.batch = 6;
  distillExpert(student, tinyStudentParams, all, TargetStore::open(folder / "targets"), heldOut, once, folder / "once");
  EXPECT_NEAR(found, log("once")[1].at("kl").get<double>(), 1e-6);
}

TEST_F(LongRunsTest, KeepsAsManyCheckpointsAsAskedFor) {
  TrainOptions many = options(20);
  many.keptCheckpoints = 4;
  distill("many", many);
  size_t count = 0;
  for ([[maybe_unused]] const auto &entry : fs::directory_iterator(folder / "many/checkpoints"))
    ++count;
  EXPECT_EQ(count, 4u);
  EXPECT_FALSE(fs::exists(folder / "many/checkpoints/step-000004"));
}

TEST_F(LongRunsTest, MeasuresWhatElseIsAskedForAtIntervals) {
  TrainOptions scored = options(20);
  scored.scoreEvery = 10;
  scored.score = [](const ParamMap &params) { return Json{{"params", params.size()}}; };
  distill("scored", scored);
  std::vector<int64_t> steps;
  for (const Json &line : log("scored"))
    if (line.contains("params"))
      steps.push_back(line["step"]);
  EXPECT_EQ(steps, (std::vector<int64_t>{0, 10, 20}));
}

// A step that goes wrong leaves its batch; replayed, it says which row and which params.
TEST_F(LongRunsTest, SavesAndReplaysABatchThatGoesWrong) {
  TrainOptions wild = options(20);
  wild.rate = {.peak = 1e30, .final = 1e30, .warmup = 0, .cosine = false};
  wild.checkpointEvery = 1;
  std::string text = errorOf([&] { distill("wild", wild); });
  EXPECT_NE(text.find("its batch is in"), text.npos) << text;
  Json failed = readJsonFile(folder / "wild/failed/failed.json");
  EXPECT_EQ(failed.at("rows").size(), 4u);
  SafetensorsFile batch = SafetensorsFile::open(folder / "wild/failed/batch.safetensors");
  EXPECT_EQ(batch.get("ids").spec.shape, (std::vector<int64_t>{4, 12}));
  EXPECT_EQ(batch.get("top_ids").spec.shape, (std::vector<int64_t>{4, 12, 4}));
  auto *ids = reinterpret_cast<const int64_t *>(batch.get("ids").bytes.data());
  EXPECT_EQ(ids[0], rows.rows.ids_NT[failed["rows"][0].get<int64_t>()][0].item<int64_t>());
  wild.replayStep = failed.at("step");
  std::string before = get(folder / "wild/metrics.jsonl");
  try {
    distill("wild", wild);
    ADD_FAILURE() << "expected a report";
  } catch (const Replayed &replayed) {
    EXPECT_EQ(replayed.report.at("rows").size(), 4u);
    EXPECT_EQ(replayed.report.at("rows")[1].at("row"), failed["rows"][1]);
    EXPECT_FALSE(replayed.report.at("rows")[0].at("not_finite").empty());
  }
  EXPECT_EQ(get(folder / "wild/metrics.jsonl"), before);
}

TEST(SpikeWatch, SeesALossFarAboveThoseBefore) {
  SpikeWatch watch(3);
  for (int n = 0; n < 64; ++n)
    EXPECT_EQ(watch.look(n == 2 ? 100.0 : 1.0), ""); // too early to say
  EXPECT_EQ(watch.look(7.0), "");                    // the mean has the 100: 2.55
  SpikeWatch restored(3);
  restored.restore(watch.state());
  for (SpikeWatch *both : {&watch, &restored})
    EXPECT_NE(both->look(8.0).find("loss 8 is more than 3 times 2.6"), std::string::npos);
  SpikeWatch off(0);
  for (int n = 0; n < 100; ++n)
    EXPECT_EQ(off.look(n == 99 ? 1e9 : 1.0), "");
}

// "123456789" in RFC 3720's polynomial is e3069283; the records are those of TensorBoard's own writer
// (test/tensorboard_oracle.py --golden).
TEST(EventFile, WritesTensorBoardsRecords) {
  uint32_t crc = 0xe3069283;
  EXPECT_EQ(maskedCrc32c("123456789"), uint32_t((crc >> 15 | crc << 17) + 0xa282ead8));
  auto hex = [](const std::string &bytes) {
    std::string text;
    for (unsigned char byte : bytes)
      for (int half : {byte >> 4, byte & 15})
        text += "0123456789abcdef"[half];
    return text;
  };
  EXPECT_EQ(hex(eventHeader(1700000000.25)),
            "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9");
  EXPECT_EQ(hex(eventRecord(1700000000.5, 300, {{"loss", 2.5f}, {"i_gate/least", -1.0f}})),
            "300000000000000095f5d05f0900002040fc54d94110ac022a220a0b0a046c6f737315000020400a130a0c695f676174652f6c6561"
            "737415000080bf3e0ca605");
}
