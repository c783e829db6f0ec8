//===- DivergenceTest.cpp - KL to stored answers, worked by hand --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Deploy/Divergence.h"
#include "runtime/Files/TargetShard.h"
#include "test/unit/Files/TestFolder.h"

#include <cmath>

using namespace xlstm;
using namespace xlstm::test;

namespace {

constexpr int64_t vocab = 5, positions = 300; // blocks of 128

class DivergenceTest : public TestFolder {
protected:
  /// Answers to the first `blocks` blocks of the document: tokens 1 and 4 with .5 and .3 at even positions, tokens 0
  /// and 1 with .1 and .7 at odd ones; the tail has .2.
  void write(size_t blocks) {
    format.k = 2, format.vocabulary = vocab, format.logprobs = DType::F32, format.tokenizer = "t";
    put("targets.json", textOf(format));
    TargetCode code(vocab, 2, DType::F32);
    std::vector<std::vector<std::byte>> records;
    std::vector<TargetBlock> all;
    for (size_t block = 0; block < blocks; ++block) {
      const int64_t at = int64_t(block) * 128, count = std::min<int64_t>(128, positions - at);
      records.emplace_back(size_t(count) * code.bytes());
      for (int64_t n = 0; n < count; ++n) {
        const bool isOdd = (at + n) % 2 == 1;
        const int32_t ids[2] = {isOdd ? 0 : 1, isOdd ? 1 : 4};
        const float logprobs[2] = {std::log(isOdd ? 0.1f : 0.5f), std::log(isOdd ? 0.7f : 0.3f)};
        code.encode(ids, logprobs, std::log(0.2f), records.back().data() + size_t(n) * code.bytes());
      }
    }
    for (size_t block = 0; block < blocks; ++block)
      all.push_back({DocumentKey::of(document), int64_t(block) * 128,
                     std::min<int64_t>(128, positions - int64_t(block) * 128), records[block], 0});
    TargetShard::write(shardFile(folder, 0), all, storeHash(format));
  }

  TargetFormat format;
  std::vector<int32_t> document = std::vector<int32_t>(positions, 3);
  const std::vector<float> logits = {std::log(0.4f), std::log(0.3f), std::log(0.15f), std::log(0.1f), std::log(0.05f)};
};

} // namespace

TEST_F(DivergenceTest, CountsTheOthersAsOne) {
  write(3);
  TeacherTargets teacher(folder, vocab, "t");
  const double all = logOfSum(logits);
  EXPECT_NEAR(all, 0, 1e-6);
  teacher.load(document, 126, 5, "d"); // over the end of a block
  // Even: the others are 0.4 + 0.15 + 0.1; odd: 0.15 + 0.1 + 0.05.
  const double even = 0.5 * std::log(0.5 / 0.3) + 0.3 * std::log(0.3 / 0.05) + 0.2 * std::log(0.2 / 0.65),
               odd = 0.1 * std::log(0.1 / 0.4) + 0.7 * std::log(0.7 / 0.3) + 0.2 * std::log(0.2 / 0.3);
  for (int64_t position = 0; position < 3; ++position) // even, odd, even
    teacher.compare(logits, all, position);
  const double mean = (2 * even + odd) / 3, squares = 2 * even * even + odd * odd;
  char expected[128];
  std::snprintf(expected, sizeof expected, "KL to the teacher %.4f +- %.4f nats a token\nsame first choice 0.00 %%\n",
                mean, std::sqrt((squares - 3 * mean * mean) / 2 / 3));
  EXPECT_EQ(teacher.report(), expected);
}

TEST_F(DivergenceTest, TellsWhenBothChooseTheSame) {
  write(3);
  TeacherTargets teacher(folder, vocab, "t");
  teacher.load(document, 0, 4, "d");
  const std::vector<float> other = {0, 2, 0, 0, 1}; // token 1, as the teacher at every position; then token 4
  const std::vector<float> another = {0, 1, 0, 0, 2};
  teacher.compare(other, logOfSum(other), 0);
  teacher.compare(other, logOfSum(other), 1);
  teacher.compare(another, logOfSum(another), 2);
  teacher.compare(another, logOfSum(another), 3);
  EXPECT_NE(teacher.report().find("same first choice 50.00 %"), std::string::npos) << teacher.report();
}

TEST_F(DivergenceTest, NamesTheFirstTokenWithoutAnswers) {
  write(1);
  TeacherTargets teacher(folder, vocab, "t");
  teacher.load(document, 0, 128, "d");
  EXPECT_ERROR(teacher.load(document, 100, 200, "d"), "d: token 128: no targets in ");
  EXPECT_ERROR(TeacherTargets(folder, vocab, "u"), "vocabulary of 5 and tokenizer u, found 5 and t");
  EXPECT_ERROR(TeacherTargets(folder, 6, "t"), "vocabulary of 6 and tokenizer t, found 5 and t");
}

TEST_F(DivergenceTest, LogitsMayBeLarge) {
  EXPECT_NEAR(logOfSum(std::vector<float>{1000, 1000}), 1000 + std::log(2), 1e-9);
}
