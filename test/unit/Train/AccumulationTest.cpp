//===- AccumulationTest.cpp - a step in parts is the step as a whole --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Train/Align.h"
#include "xlstm/Runtime/Train/Distill.h"

#include <ATen/TensorOperators.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// Rows that differ in their labels and, by their tokens, in the teacher's energy.
TokenRows unlike(int64_t count, uint64_t seed) {
  return withoutFirstLabels(tinyRows(count, seed), [](int64_t row) { return row % 4 * 4; }); // the fourth has none
}

ParamMap inDoubles(ParamMap params) {
  for (auto &[name, param] : params)
    param = param.to(at::kDouble);
  return params;
}

/// In float64: Adam makes a whole step of the least rounding where a gradient is zero but for it.
class AccumulationTest : public TestFolder {
protected:
  static TrainOptions twelveSteps(TrainOptions options, int64_t micro) {
    options.steps = 12;
    options.batch = 8;
    options.microBatch = micro;
    options.rate.peak = 1e-2;
    options.rate.warmup = 2;
    options.type = at::kDouble;
    return options;
  }
  ParamMap align(int64_t micro) {
    return alignStudent(tinyAlign, inDoubles(tinyTeacherParams()), data, heldOut,
                        twelveSteps(TrainOptions::alignment(12), micro), folder / ("a" + std::to_string(micro)))
        .trained;
  }
  ParamMap distill(int64_t micro) {
    writeTinyTargets(data.rows, folder / "targets");
    auto load = [] { return inDoubles(tinyStudentParams()); };
    return distillExpert(tinyStudent(), load, data, TargetStore::open(folder / "targets"), heldOut,
                         twelveSteps(TrainOptions::distillation(12), micro), folder / ("d" + std::to_string(micro)))
        .params;
  }
  void expectAlike(const ParamMap &whole, const ParamMap &parts, int64_t micro) {
    ASSERT_EQ(whole.size(), parts.size());
    for (const auto &[name, value] : whole) {
      // An input gate's bias, 0 at first, has no gradient but rounding: the memory is a ratio.
      double most = std::max(value.abs().max().item<double>(), 1e-2);
      EXPECT_LE((value - parts.at(name)).abs().max().item<double>(), 1e-6 * most) << name << ", parts of " << micro;
    }
  }
  /// The numbers of a stage's log, line by line.
  std::vector<Json> log(const std::string &name) {
    std::vector<Json> lines;
    for (const Json &line : logOf(folder / name))
      lines.push_back(line.flatten());
    return lines;
  }
  void expectSameLog(const std::string &whole, const std::string &parts) {
    std::vector<Json> a = log(whole), b = log(parts);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i)
      for (const auto &[key, value] : a[i].items())
        EXPECT_NEAR(value.get<double>(), b[i].at(key).get<double>(), 1e-6 * std::abs(value.get<double>())) << key;
  }

  MixedRows data = mixRows({unlike(16, 1), unlike(8, 2)}, {0.5, 0.5});
  TokenRows heldOut = tinyRows(4, 100);
};

} // namespace

TEST_F(AccumulationTest, Alignment) {
  ParamMap whole = align(0), start = initialParams(tinyAlign().function("align"), at::kDouble);
  EXPECT_GT((whole.at("model.layers.0.self_attn.f_gate.weight") - start.at("model.layers.0.self_attn.f_gate.weight"))
                .abs()
                .max()
                .item<double>(),
            1e-2);
  for (int64_t micro : {1, 2, 4}) {
    expectAlike(whole, align(micro), micro);
    expectSameLog("a0", "a" + std::to_string(micro));
  }
}

TEST_F(AccumulationTest, Distillation) {
  ParamMap whole = distill(0);
  for (int64_t micro : {1, 2, 4}) {
    expectAlike(whole, distill(micro), micro);
    expectSameLog("d0", "d" + std::to_string(micro));
  }
}

// The constants: the teacher's energies on the held-out rows, kept, and part of what a run may be gone on with.
TEST_F(AccumulationTest, EnergiesAreKept) {
  align(0);
  Json kept = Json::parse(get(folder / "a0/energies.json"));
  Program program = tinyAlign();
  ParamMap params = tinyTeacherParams();
  params.merge(initialParams(program.function("align")));
  auto values = program.run("align", {heldOut.ids_NT, heldOut.docStart_NT}, params);
  double loss = values[1].item<double>(), energy = values[2].item<double>();
  EXPECT_NEAR(kept["energies"][0], energy, 1e-6 * energy);
  EXPECT_NEAR(log("a0")[0]["/held_out"], loss / energy, 1e-6);
  put("a0/energies.json", R"({"energies": [7]})");
  EXPECT_ERROR(align(0), "/more/energies/0");
  put("a0/energies.json", R"({"energies": ["x"]})");
  EXPECT_ERROR(align(0), "energies.json: 'energies': expected a list of 1 numbers, found [\"x\"]");
}
