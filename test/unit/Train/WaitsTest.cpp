//===- WaitsTest.cpp - how often a step would wait for a device ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counted on a CPU: a call that reads a value of a tensor on the host is one that waits where the tensor is on a GPU.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"
#include "test/unit/OpCounts.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <memory>

using namespace xlstm;
using namespace xlstm::test;

namespace {

constexpr int64_t Steps = 6; // of two parts each

class WaitsTest : public TestFolder {
protected:
  /// Options for a run that counts from the first step's end to the last's.
  TrainOptions counting(TrainOptions options, Trained trained = Trained::Full) {
    options.steps = Steps + 2;
    options.batch = 4;
    options.microBatch = 2;
    options.trained = trained;
    options.validateEvery = options.checkpointEvery = 100;
    options.onStep = [this](int64_t done) {
      if (done == 1)
        counts = std::make_unique<OpCounts>();
      if (done == Steps + 1) {
        waits = counts->waits();
        linear = counts->of("aten::linear");
        counts.reset();
      }
    };
    return options;
  }
  /// One a step at most: what was measured is fetched once a second.
  void expectFewWaits(const std::string &what) {
    EXPECT_LE(waits, Steps) << what;
    EXPECT_GT(linear, 0) << what; // something was counted
  }

  std::unique_ptr<OpCounts> counts;
  int64_t waits = -1, linear = 0;
  MixedRows data = mixRows({tinyRows(16, 1)}, {1.0}); // with a border of documents inside most rows
  TokenRows heldOut = tinyRows(2, 100);
};

/// With its layers computed once more.
std::string again(const std::string &pipeline, const std::string &function) {
  return pipeline + ",xlstm-recompute-layers{functions=" + function + "}";
}

Program rewritten(const std::string &pipeline) {
  return Program::parse(rewriteModule(tinyTeacher(), "tiny", pipeline), "tiny");
}

} // namespace

TEST_F(WaitsTest, Alignment) {
  auto recomputed = [](const std::vector<double> &energies) {
    return rewritten(again(alignPass("window=4 sinks=1 chunk=4", energies) + ",xlstm-fuse-hybrid", "align"));
  };
  std::vector<std::pair<std::string, AlignBuilder>> builders = {
      {"composed", tinyAlign}, {"narrow", narrowAlign}, {"recomputed", recomputed}};
  for (const auto &[name, build] : builders) {
    alignStudent(build, tinyTeacherParams(), data, heldOut, counting(TrainOptions::alignment(0)), folder / name);
    expectFewWaits(name);
  }
}

TEST_F(WaitsTest, Distillation) {
  writeTinyTargets(data.rows, folder / "targets");
  TargetStore store = TargetStore::open(folder / "targets");
  std::string student = "xlstm-linearize{window=4 sinks=1 chunk=4}",
              kept = "xlstm-linearize{mixer=window window=6 sinks=2}";
  std::vector<std::pair<std::string, Program>> programs = {
      {"composed", tinyStudent()},
      {"narrow", narrowStudent()},
      {"recomputed", rewritten(again(student + ",xlstm-build-distill,xlstm-fuse-hybrid", "distill"))},
      {"teacher", rewritten("xlstm-build-distill")},
      {"window", rewritten(kept + ",xlstm-build-distill")}};
  for (const auto &[name, program] : programs) {
    distillExpert(program, tinyStudentParams, data, store, heldOut, counting(TrainOptions::distillation(0)),
                  folder / name);
    expectFewWaits(name);
  }
  OnlineTeacher teacher(Program::parse(tinyTeacher(), "tiny"), tinyTeacherParams(), 4, "tiny");
  distillExpert(tinyStudent(), tinyStudentParams, data, teacher, heldOut, counting(TrainOptions::distillation(0)),
                folder / "online");
  expectFewWaits("online");
}
