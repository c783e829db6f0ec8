//===- OnlineTargetsTest.cpp - the teacher answers in the step -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The truth is a run that reads the same answers from a store.

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TargetStore.h"
#include "xlstm/Runtime/Train/Distill.h"

using namespace xlstm;
using namespace xlstm::test;

namespace {

class OnlineTargetsTest : public TestFolder {
protected:
  OnlineTeacher teacher(ParamMap params = tinyTeacherParams(), int64_t k = 4) {
    return OnlineTeacher(program, std::move(params), k, "tiny");
  }
  TargetStore store(DType logprobs) {
    const char *name = logprobs == DType::F16 ? "half" : "exact";
    writeTargets(program, tinyTeacherParams(), data.rows, {.format = {.k = 4, .logprobs = logprobs}}, folder / name);
    return TargetStore::open(folder / name);
  }
  /// KL to the targets of three steps, two parts each.
  std::vector<double> klOf(const std::string &name, const TargetSource &source) {
    TrainOptions options = TrainOptions::distillation(3);
    options.batch = 4;
    options.microBatch = 2;
    options.rate = {.peak = 1e-2, .final = 1e-2, .warmup = 0, .cosine = false};
    distillExpert(tinyStudent(), tinyStudentParams, data, source, heldOut, options, folder / name);
    std::vector<double> found;
    for (const Json &entry : logOf(folder / name))
      if (entry.contains("loss"))
        found.push_back(entry["kl"]);
    return found;
  }

  Program program = Program::parse(tinyTeacher(), "tiny");
  MixedRows data = mixRows({tinyRows(12, 1)}, {1.0});
  TokenRows heldOut = tinyRows(2, 100);
};

} // namespace

TEST_F(OnlineTargetsTest, AnswersWhatAStoreHolds) {
  TokenRows batch = data.rows.slice(3, 7);
  Targets want = store(DType::F32).batch(batch), got = teacher().complete(batch.ids_NT, batch.docStart_NT, {});
  EXPECT_TRUE(got.ids_BTK.equal(want.ids_BTK));
  EXPECT_LT((got.logprobs_BTK - want.logprobs_BTK).abs().max().item<double>(), 1e-5);
  EXPECT_LT((got.tail_BT - want.tail_BT).abs().max().item<double>(), 1e-5);
}

TEST_F(OnlineTargetsTest, StepsAreThoseWithAStore) {
  std::vector<double> online = klOf("online", teacher()), exact = klOf("exact", store(DType::F32)),
                      half = klOf("half", store(DType::F16));
  ASSERT_EQ(online.size(), 3u);
  ASSERT_EQ(exact.size(), 3u);
  for (size_t n = 0; n < 3; ++n) {
    EXPECT_NEAR(online[n], exact[n], 1e-5 * exact[n]);
    EXPECT_NEAR(online[n], half[n], 2e-3 * half[n]); // log-probabilities off by 2^-11 of their value
  }
}

// The teacher's weights stay in the types that they are stored in, which is what they are.
TEST_F(OnlineTargetsTest, HoldsWeightsAsTheyAreStored) {
  std::string text = tinyTeacher();
  for (size_t at; (at = text.find("tensor<8x8xf32>")) != text.npos;)
    text.replace(at, 15, "tensor<8x8xbf16>");
  Program narrow = Program::parse(text, "tiny");
  ParamMap params = tinyTeacherParams();
  for (auto &[name, param] : params)
    param = param.to(at::kBFloat16).to(at::kFloat);
  auto held =
      c10::weak_intrusive_ptr<c10::TensorImpl>(params.at("model.layers.0.self_attn.q_proj.weight").getIntrusivePtr());
  TokenRows batch = data.rows.slice(0, 4);
  Targets want = askTeacher(narrow, params, batch.ids_NT, batch.docStart_NT, 4);
  OnlineTeacher teacher(narrow, std::move(params), 4, "narrow");
  EXPECT_TRUE(held.expired());
  Targets got = teacher.complete(batch.ids_NT, batch.docStart_NT, {});
  EXPECT_TRUE(got.ids_BTK.equal(want.ids_BTK));
  EXPECT_TRUE(got.logprobs_BTK.equal(want.logprobs_BTK));
}

TEST_F(OnlineTargetsTest, RefusesWhatCannotBe) {
  EXPECT_ERROR(teacher(tinyTeacherParams(), 17), "expected k from 1 to the vocabulary's 16, found 17");
  klOf("run", store(DType::F32));
  EXPECT_ERROR(klOf("run", teacher()), "/more/teacher"); // begun with a store
}
