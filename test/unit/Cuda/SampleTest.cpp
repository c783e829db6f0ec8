//===- SampleTest.cpp - what is drawn on CUDA, and how often ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/unit/Cuda/CudaTest.h"

#include <numeric>

using namespace xlstm::test;

namespace {

constexpr int64_t Vocab = 1000, Draws = 20000;

/// `Draws` rows of the same logits, each with a random state of its own.
std::vector<int64_t> draw(const Floats &logits, float temperature, int64_t topK, float topP,
                          xlstm_dtype type = XLSTM_F32) {
  Floats rows;
  for (int64_t n = 0; n < Draws; ++n)
    rows.insert(rows.end(), logits.begin(), logits.end());
  std::vector<uint64_t> states(Draws);
  std::iota(states.begin(), states.end(), 12345);
  DeviceFloats deviceRows(type, rows);
  DeviceArray<uint64_t> random(states);
  DeviceArray<int64_t> ids(Draws);
  EXPECT_EQ(xlstm_cuda_sample(type, deviceRows.get(), ids.get(), random.get(), Draws, logits.size(), temperature, topK,
                              topP, nullptr),
            0);
  std::vector<uint64_t> advanced = random.values();
  for (int64_t n = 0; n < Draws; ++n)
    EXPECT_EQ(advanced[n], states[n] + 0x9e3779b97f4a7c15ull);
  return ids.values();
}

/// Who may be drawn, and with which probability: sorted, cut at k, then at p, in float64.
Doubles distribution(const Floats &logits, double temperature, size_t topK, double topP) {
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
  Doubles result(logits.size(), 0.0);
  double total = 0, kept = 0;
  const size_t most = topK ? std::min(topK, order.size()) : order.size();
  auto weight = [&](size_t n) { return std::exp((logits[order[n]] - logits[order[0]]) / temperature); };
  for (size_t n = 0; n < most; ++n)
    total += weight(n);
  for (size_t n = 0; n < most && kept < topP * total; ++n)
    kept += result[order[n]] = weight(n);
  for (double &value : result)
    value /= kept;
  return result;
}

void check(const Floats &logits, float temperature, int64_t topK, float topP, xlstm_dtype type = XLSTM_F32) {
  SCOPED_TRACE(testing::Message() << "temperature " << temperature << " k " << topK << " p " << topP);
  const Doubles expected = distribution(logits, temperature, topK, topP);
  Doubles seen(logits.size(), 0.0);
  for (int64_t id : draw(logits, temperature, topK, topP, type)) {
    ASSERT_TRUE(id >= 0 && id < int64_t(logits.size()));
    ASSERT_GT(expected[id], 0) << "token " << id << " is not among the kept";
    seen[id] += 1.0 / Draws;
  }
  for (size_t n = 0; n < expected.size(); ++n) // five standard deviations, and four draws of what is hardly ever drawn
    ASSERT_NEAR(seen[n], expected[n], 5 * std::sqrt(expected[n] / Draws) + 4.0 / Draws) << n;
}

} // namespace

TEST(CudaSample, DrawsByProbability) {
  Floats logits = randomFloats(Vocab, 3, -4, 4);
  check(logits, 1, 0, 1);
  check(logits, 0.7f, 40, 1);
  check(logits, 1.3f, 0, 0.9f);
  check(logits, 0.8f, 50, 0.5f);
  check(logits, 1, 1, 1);
  check(logits, 1, 0, 1e-6f); // the largest alone
  check(rounded(XLSTM_BF16, randomFloats(7, 5, -2, 2)), 1, 5, 0.95f, XLSTM_BF16);
  check({1.5f}, 1, 0, 1);
}

TEST(CudaSample, FarBelowIsNeverDrawn) {
  Floats logits(Vocab, -1000.0f);
  logits[17] = 5, logits[900] = 4, logits[3] = -std::numeric_limits<float>::infinity();
  check(logits, 1, 0, 1);
  check(logits, 1, 500, 0.999999f);
}

TEST(CudaSample, EqualLogitsStayTogether) {
  std::vector<int64_t> ids = draw(Floats(64, 2.0f), 1, 3, 1);
  EXPECT_GT(*std::max_element(ids.begin(), ids.end()), 60);
}

TEST(CudaSample, TemperatureZeroIsTheFirstLargest) {
  Floats logits = randomFloats(Vocab, 4);
  logits[123] = logits[124] = 9;
  for (int64_t id : draw(logits, 0, 0, 1))
    ASSERT_EQ(id, 123);
}

TEST(CudaSample, SameStateSameToken) {
  Floats logits = randomFloats(Vocab, 6, -4, 4);
  EXPECT_EQ(draw(logits, 1, 100, 0.9f), draw(logits, 1, 100, 0.9f));
}
