//===- TargetStoreTest.cpp - stored targets against a softmax in float64 --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TargetStore.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

/// A token's log-probabilities, worked from logits in float64.
std::vector<double> logSoftmax(const float *logits) {
  double top = *std::max_element(logits, logits + TinyVocabulary), sum = 0;
  for (int v = 0; v < TinyVocabulary; ++v)
    sum += std::exp(logits[v] - top);
  std::vector<double> result;
  for (int v = 0; v < TinyVocabulary; ++v)
    result.push_back(logits[v] - top - std::log(sum));
  return result;
}

class TargetStoreTest : public TestFolder {
protected:
  void write(const TokenRows &rows, const TargetOptions &options) {
    writeTargets(program, params, rows, options, folder / "store");
  }
  fs::file_time_type timeOf(const char *name) { return fs::last_write_time(folder / "store" / name); }

  Program program = Program::parse(tinyTeacher(), "tiny");
  ParamMap params = tinyTeacherParams();
  TokenRows rows = tinyRows(7, 3);
  TargetOptions options{.k = 5, .logprobs = DType::F32, .rowsPerShard = 3, .batch = 2, .teacher = "tiny"};
};

} // namespace

TEST_F(TargetStoreTest, holdsTheLikeliestTokensAndTheRest) {
  write(rows, options);
  TargetStore store = TargetStore::open(folder / "store");
  EXPECT_EQ(store.k(), 5);
  std::vector<int64_t> order = {6, 0, 3};
  TokenRows some = rows.select(order);
  Targets targets = store.batch(some);
  at::Tensor logits = program.run("model", {some.ids_NT, some.docStart_NT}, params).at(0).contiguous();
  for (int64_t token = 0; token < 3 * 12; ++token) {
    std::vector<double> want = logSoftmax(logits.const_data_ptr<float>() + token * TinyVocabulary);
    std::vector<int32_t> byRank(TinyVocabulary);
    std::iota(byRank.begin(), byRank.end(), 0);
    std::sort(byRank.begin(), byRank.end(), [&](int a, int b) { return want[a] > want[b]; });
    double inside = 0;
    for (int k = 0; k < 5; ++k) {
      EXPECT_EQ(targets.ids_BTK.const_data_ptr<int32_t>()[token * 5 + k], byRank[k]);
      EXPECT_NEAR(targets.logprobs_BTK.const_data_ptr<float>()[token * 5 + k], want[byRank[k]], 1e-5);
      inside += std::exp(want[byRank[k]]);
    }
    EXPECT_NEAR(targets.tail_BT.const_data_ptr<float>()[token], std::log(1 - inside), 1e-4);
  }
}

TEST_F(TargetStoreTest, roundsToHalfPrecisionAndKeepsAFiniteTail) {
  write(rows, options);
  Targets exact = TargetStore::open(folder / "store").batch(rows);
  options.logprobs = DType::F16;
  write(rows, options);
  Targets half = TargetStore::open(folder / "store").batch(rows);
  EXPECT_TRUE(half.ids_BTK.equal(exact.ids_BTK));
  at::Tensor off = half.logprobs_BTK.sub(exact.logprobs_BTK).abs();
  EXPECT_LE(off.div(exact.logprobs_BTK.abs()).max().item<double>(), 0x1p-11);
  EXPECT_GT(off.max().item<double>(), 0);
  options.k = TinyVocabulary;
  write(rows, options);
  EXPECT_NEAR(TargetStore::open(folder / "store").batch(rows).tail_BT.max().item<double>(), std::log(1e-30), 1e-3);
}

TEST_F(TargetStoreTest, refusesOtherRows) {
  write(rows, options);
  TargetStore store = TargetStore::open(folder / "store");
  store.check(rows);
  EXPECT_ERROR(store.check(tinyRows(7, 4)), "no targets for row");
  EXPECT_ERROR(store.batch(packDocuments({{0, 1, 2}}, {.length = 12})), "another corpus or packing");
  EXPECT_ERROR(store.check(packDocuments({{0, 1, 2}}, {.length = 3})), "targets of rows of 12 tokens");
}

TEST_F(TargetStoreTest, goesOnWhereItStopped) {
  write(rows, options);
  auto before = timeOf("shard-00000.safetensors");
  std::string content = get(folder / "store/shard-00001.safetensors");
  fs::remove(folder / "store/shard-00001.safetensors");
  std::string half = get(folder / "store/shard-00002.safetensors");
  put("store/shard-00002.safetensors", half.substr(0, half.size() / 2));
  EXPECT_ERROR(TargetStore::open(folder / "store"), "shard-00001.safetensors");
  write(rows, options);
  EXPECT_EQ(get(folder / "store/shard-00001.safetensors"), content);
  EXPECT_EQ(get(folder / "store/shard-00002.safetensors"), half);
  EXPECT_EQ(timeOf("shard-00000.safetensors"), before) << "a whole shard was written again";
  options.teacher = "another";
  write(rows, options);
  EXPECT_NE(timeOf("shard-00000.safetensors"), before) << "another teacher's shard was kept";
}

TEST_F(TargetStoreTest, refusesDamage) {
  EXPECT_ERROR(TargetStore::open(folder / "store"), "targets.json");
  options.k = 17;
  EXPECT_ERROR(write(rows, options), "k from 1 to the vocabulary's 16, found 17");
  options.k = 5;
  write(rows, options);
  put("store/targets.json", R"({"format": 1, "k": 4, "length": 12, "rows": 7, "shards": 3})");
  EXPECT_ERROR(TargetStore::open(folder / "store"), "tensor 'ids': expected U16 [3, 12, 4], found U16 [3, 12, 5]");
  put("store/targets.json", R"({"format": 1, "k": 5, "length": 12, "rows": 8, "shards": 3})");
  EXPECT_ERROR(TargetStore::open(folder / "store"), "'rows': the shards hold 7, found 8");
  put("store/targets.json", R"({"format": 2, "k": 5, "length": 12, "rows": 7, "shards": 3})");
  EXPECT_ERROR(TargetStore::open(folder / "store"), "'format': expected 1, found 2");
}
