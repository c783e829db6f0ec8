//===- AlignStartTest.cpp - where stage I begins ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth: a teacher whose attention is known without computing it, and losses of students put together by hand.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Train/Align.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros_like.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

const std::string Layer = "model.layers.0.self_attn.";

class AlignStartTest : public TestFolder {
protected:
  /// In float64; one step whose rate is 0.
  AlignResult align(const ParamMap &teacher, AlignFrom from, const std::string &name) {
    TrainOptions options = TrainOptions::alignment(1);
    options.batch = 4;
    options.rate = {.peak = 0, .final = 0, .warmup = 0, .cosine = false};
    options.type = at::kDouble;
    return alignStudent(tinyAlign, teacher, data, heldOut, options, folder / name, from);
  }
  static ParamMap doubles() {
    ParamMap params = tinyTeacherParams();
    for (auto &[name, param] : params)
      param = param.to(at::kDouble);
    return params;
  }
  /// The loss of all training rows, which are those that a start is measured on.
  double lossOf(ParamMap params, const ParamMap &added) const {
    params.insert(added.begin(), added.end());
    EvalOptions options;
    options.type = at::kDouble;
    return tinyAlign().run("align", {data.rows.ids_NT, data.rows.docStart_NT}, params, options)[0].item<double>();
  }

  MixedRows data = mixRows({tinyRows(16, 1)}, {1.0});
  TokenRows heldOut = tinyRows(4, 100);
};

double valueAt(const ParamMap &params, const std::string &name, int64_t i) {
  return params.at(Layer + name)[i].item<double>();
}

} // namespace

// Queries of zeros attend to all keys alike, and their features do, too: the memory that forgets least is the teacher.
TEST_F(AlignStartTest, UniformAttention) {
  ParamMap teacher = doubles();
  at::Tensor &wq = teacher.at(Layer + "q_proj.weight");
  wq = at::zeros_like(wq);
  ParamMap added = align(teacher, AlignFrom::Statistics, "uniform").trained;
  for (int64_t head = 0; head < 2; ++head) {
    EXPECT_EQ(valueAt(added, "f_gate.bias", head), 8);
    EXPECT_NEAR(valueAt(added, "o_gate.bias", head), std::log(0.98 / 0.02), 1e-9); // as far open as it may be
  }
}

// Found by slopes; checked by losses.
TEST_F(AlignStartTest, GatesAreTheBestOfTheirHeads) {
  ParamMap teacher = doubles();
  ParamMap added = align(teacher, AlignFrom::Statistics, "best").trained;
  double best = lossOf(teacher, added);
  for (int64_t head = 0; head < 2; ++head) {
    double bias = valueAt(added, "o_gate.bias", head);
    EXPECT_GE(bias, std::log(0.01 / 0.99) - 1e-9);
    for (double away : {-0.05, 0.05}) {
      ParamMap other = added;
      other[Layer + "o_gate.bias"] = other[Layer + "o_gate.bias"].clone();
      other[Layer + "o_gate.bias"][head] = bias + away;
      if (bias + away > std::log(0.01 / 0.99))
        EXPECT_GT(lossOf(teacher, other), best) << head << " " << away;
    }
  }
  // Of all that is tried, by the losses themselves: every decay, with each gate as good as it can be.
  for (double forget : {4, 6, 8}) {
    ParamMap other = added;
    other[Layer + "f_gate.bias"] = at::full_like(added.at(Layer + "f_gate.bias"), forget);
    for (double open = 0.01; open < 0.98; open += 0.01) {
      other[Layer + "o_gate.bias"] = at::full_like(added.at(Layer + "o_gate.bias"), std::log(open / (1 - open)));
      EXPECT_GE(lossOf(teacher, other), best - 1e-9) << forget << " " << open;
    }
  }
}

// Measured once, kept, and part of what a run may be gone on with.
TEST_F(AlignStartTest, StartIsKept) {
  ParamMap teacher = doubles();
  AlignResult constants = align(teacher, AlignFrom::Constants, "constants");
  EXPECT_FALSE(std::filesystem::exists(folder / "constants/start.json"));
  EXPECT_EQ(valueAt(constants.trained, "f_gate.bias", 0), 4);
  AlignResult first = align(teacher, AlignFrom::Statistics, "kept"),
              again = align(teacher, AlignFrom::Statistics, "kept");
  EXPECT_LT(lossOf(teacher, first.trained), lossOf(teacher, constants.trained));
  EXPECT_TRUE(sameParams(first.trained, again.trained));
  Json kept = Json::parse(get(folder / "kept/start.json"));
  kept[Layer]["output"] = {1.0, 1.0};
  put("kept/start.json", kept.dump());
  EXPECT_ERROR(align(teacher, AlignFrom::Statistics, "kept"), "/initial");
  kept[Layer]["forget"] = {"x", 1};
  put("kept/start.json", kept.dump());
  EXPECT_ERROR(align(teacher, AlignFrom::Statistics, "kept"),
               "'forget': expected a list of 2 numbers, found [\"x\",1]");
}
