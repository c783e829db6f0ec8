//===- HeadsTest.cpp - ranking of heads against sets tried one by one -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "EvalTest.h"

#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Eval/Heads.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Support/Error.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// The teacher's module after `pipeline`, with its weights.
struct Derived {
  Program program;
  ParamMap params;
};

Derived derive(const std::string &pipeline) {
  Derived result{Program::parse(rewriteModule(tinyTeacherModule(), "teacher", pipeline), "derived"),
                 tinyTeacher().params};
  for (auto &[name, tensor] : initialParams(result.program.function("model")))
    result.params[name] = tensor;
  return result;
}

const std::vector<std::string> &prose() {
  static const std::vector<std::string> documents = readDocuments(XLSTM_EXAMPLES "/data/prose/valid.txt.xz");
  return documents;
}

} // namespace

TEST(KeyHeads, ListNamesQueryHeadsByLayer) {
  EXPECT_EQ(listOfHeads({}), "none");
  EXPECT_EQ(listOfHeads({{5, 1, {2, 3}}, {0, 0, {0, 1}}, {5, 0, {0, 1}}}), "0:0,1;5:0,1,2,3");
}

// The words behind the name's second mention are those behind its first, which the window does not reach.
TEST(RecallProbes, AskForWhatWasPlantedBeyondTheWindow) {
  constexpr int64_t length = 128, window = 24;
  PackedText probes = makeRecallProbes(tinyVocabulary(), prose(), 20, length, window, 7);
  int64_t labelled = 0;
  for (int64_t row = 0; row < 20; ++row) {
    const int64_t *ids = probes.ids_RT.data_ptr<int64_t>() + row * length;
    const int64_t *labels = probes.labels_RT.data_ptr<int64_t>() + row * length;
    int64_t first = 0, last = length - 1;
    while (labels[first] < 0)
      ++first;
    while (labels[last] < 0)
      --last;
    EXPECT_EQ(last, length - 2) << "the row ends with the answer's last token";
    labelled += last - first + 1;
    for (int64_t t = first; t <= last; ++t)
      EXPECT_EQ(labels[t], ids[t + 1]);
    std::vector<int64_t> asked(ids + first - 3, ids + length); // end of the name, and the answer
    auto *planted = std::search(ids, ids + first - 3, asked.begin(), asked.end());
    ASSERT_NE(planted, ids + first - 3) << row;
    EXPECT_GT(ids + first - planted, window);
  }
  EXPECT_EQ(probes.tokens, labelled);
  EXPECT_TRUE(probes.ids_RT.equal(makeRecallProbes(tinyVocabulary(), prose(), 20, length, window, 7).ids_RT));
  EXPECT_FALSE(probes.ids_RT.equal(makeRecallProbes(tinyVocabulary(), prose(), 20, length, window, 8).ids_RT));
}

TEST(RecallProbes, TooLittleTextOrRoomIsAnError) {
  EXPECT_THROW(makeRecallProbes(tinyVocabulary(), {"only a few words"}, 2, 128, 24, 1), Error);
  EXPECT_THROW(makeRecallProbes(tinyVocabulary(), prose(), 2, 40, 32, 1), Error);
}

/// A model that expects every token to come again, 10 above all others: a row is whole where each label is its token.
TEST(RowScore, CountsTheRowsWhoseLabelsAreAllTheLikeliest) {
  constexpr const char *text = R"(
lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x5xf32> {
  %table = lm.param "table" : tensor<5x5xf32>
  %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<5x5xf32>) -> tensor<?x?x5xf32>
  lm.return %x : tensor<?x?x5xf32>
})";
  PackedText rows;
  rows.ids_RT = at::tensor({0, 1, 2, 3, 4, 0, 1, 2, 3}, at::kLong).view({3, 3});
  rows.docs_RT = at::zeros({3, 3}, at::kInt);
  rows.labels_RT = at::tensor({-1, 1, 2, 3, 4, -1, 1, 4, 3}, at::kLong).view({3, 3}); // one wrong: token 2, label 4
  rows.tokens = 7;
  RowScore score = scoreRows(Program::parse(text, "test"), {{"table", at::eye(5) * 10}}, rows);
  EXPECT_DOUBLE_EQ(score.whole, 2.0 / 3);
  EXPECT_NEAR(score.nats, std::log(1 + 4 * std::exp(-10.0)) + 10.0 / 7, 1e-6);
}

class Ranking : public testing::Test {
protected:
  static void SetUpTestSuite() {
    Derived shared = derive("xlstm-share-heads{window=16 sinks=2}");
    std::vector<RankingText> texts{rankingText("prose", tinyVocabulary(), prose(), 96, 700)};
    RankingText probes{"recall", makeRecallProbes(tinyVocabulary(), prose(), 3, 96, 16, 1),
                       makeRecallProbes(tinyVocabulary(), prose(), 3, 96, 16, 2)};
    settings.by = RankBy::Loss;
    settings.budget = 2;
    settings.candidates = 3;
    ranking = new Json(rankHeads(shared.program, shared.params, 2, texts, probes, settings,
                                 {probes.report, makeRecallProbes(tinyVocabulary(), prose(), 3, 120, 16, 2)}));
    text = new RankingText(texts[0]);
  }
  static void TearDownTestSuite() {
    delete ranking;
    delete text;
  }

  /// Bits per byte of a student whose heads see window and sinks alone but for `keep`, untrained.
  static double studentsBits(const PackedText &text, const std::string &keep) {
    Derived student = derive("xlstm-linearize{mixer=window window=16 sinks=2 keep-heads=" + keep + "}");
    return bitsPerByte(sumOfNats(student.program, student.params, text), text.bytes);
  }

  static RankingSettings settings;
  static Json *ranking;
  static RankingText *text;
};
RankingSettings Ranking::settings;
Json *Ranking::ranking = nullptr;
RankingText *Ranking::text = nullptr;

// Every point of the curve is the student that linearize makes with these heads; the last one is the teacher.
TEST_F(Ranking, CurveIsOfTheStudentsThemselves) {
  const Json &curve = ranking->at("curve");
  ASSERT_EQ(curve.size(), 5u); // 0 to 3 and all 8
  for (size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(curve[i]["bits_per_byte"]["prose"].get<double>(),
                studentsBits(text->report, curve[i]["keep"].get<std::string>()), 1e-5);
  Derived teacher = derive("cse");
  EXPECT_NEAR(curve[4]["bits_per_byte"]["prose"].get<double>(),
              bitsPerByte(sumOfNats(teacher.program, teacher.params, text->report), text->report.bytes), 1e-5);
  EXPECT_EQ(ranking->at("keep"), curve[2]["keep"]);
}

// The parts of the gap that the heads close sum to the gap.
TEST_F(Ranking, GradientsAccountForTheWholeGap) {
  double sum = 0;
  for (const Json &head : ranking->at("one_pass"))
    sum += head["score"].get<double>();
  EXPECT_NEAR(sum, 1, 0.05);
}

// At the curve's own length the further report is the curve's.
TEST_F(Ranking, RecallIsReportedAtFurtherLengths) {
  const Json &lengths = ranking->at("recall_at"), &curve = ranking->at("curve");
  ASSERT_EQ(lengths.size(), 2u);
  EXPECT_EQ(lengths[0]["length"], 96);
  EXPECT_EQ(lengths[1]["length"], 120);
  EXPECT_NEAR(lengths[0]["none"]["nats"].get<double>(), curve[0]["recall_nats"].get<double>(), 1e-9);
  EXPECT_NEAR(lengths[0]["kept"]["nats"].get<double>(), curve[2]["recall_nats"].get<double>(), 1e-9);
  EXPECT_NEAR(lengths[0]["all"]["nats"].get<double>(), curve[4]["recall_nats"].get<double>(), 1e-9);
}

// The two kept are the best pair of the three candidates.
TEST_F(Ranking, GreedyLeavesOutTheHeadThatIsMissedLeast) {
  const Json &order = ranking->at("order");
  auto head = [&](size_t i) {
    int64_t layer = order[i]["layer"], key = order[i]["key_head"];
    return KeyHead{layer, key, {2 * key, 2 * key + 1}};
  };
  double chosen = studentsBits(text->choose, listOfHeads({head(0), head(1)}));
  for (size_t other : {0, 1})
    EXPECT_LE(chosen, studentsBits(text->choose, listOfHeads({head(other), head(2)})) + 1e-6);
}

TEST_F(Ranking, PageIsWellFormed) {
  std::string page = renderHeads(*ranking);
  EXPECT_EQ(malformed(page), "");
  EXPECT_NE(page.find(ranking->at("keep").get<std::string>()), page.npos);
}
