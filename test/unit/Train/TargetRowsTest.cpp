//===- TargetRowsTest.cpp - every row, token and id of a target store ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "TinyModel.h"
#include "test/unit/Files/TestFolder.h"

#include "xlstm/Runtime/Data/TargetStore.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace xlstm;
using namespace xlstm::test;

namespace fs = std::filesystem;

namespace {

/// A model whose logits behind token i are row i of "table" [4, vocabulary].
Program tableModel(int64_t vocabulary) {
  std::string v = std::to_string(vocabulary);
  return Program::parse("lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x" + v +
                            "xf32> attributes {context_length = 16 : i64} {\n"
                            "%t = lm.param \"table\" : tensor<4x" +
                            v + "xf32>\n%x = lm.embed %ids, %t : (tensor<?x?xi64>, tensor<4x" + v +
                            "xf32>) -> tensor<?x?x" + v + "xf32>\nlm.return %x : tensor<?x?x" + v + "xf32>\n}",
                        "table");
}

class TargetRowsTest : public TestFolder {
protected:
  TargetStore store(const Program &program, const ParamMap &params, const TokenRows &rows,
                    const TargetOptions &options) {
    fs::path store = folder / std::to_string(number++);
    writeTargets(program, params, rows, options, store);
    return TargetStore::open(store);
  }
  int number = 0;
};

/// What is stored for a token, ids rising, against a softmax of its logits in float64.
void expectToken(const Targets &targets, int64_t token, const float *logits, int64_t vocabulary, double tolerance) {
  int64_t k = targets.ids_BTK.size(-1);
  double sum = 0, top = *std::max_element(logits, logits + vocabulary), inside = 0;
  for (int64_t v = 0; v < vocabulary; ++v)
    sum += std::exp(logits[v] - top);
  auto logProbability = [&](int64_t id) { return logits[id] - top - std::log(sum); };
  std::vector<int32_t> byRank(vocabulary);
  std::iota(byRank.begin(), byRank.end(), 0);
  std::partial_sort(byRank.begin(), byRank.begin() + k, byRank.end(),
                    [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  std::sort(byRank.begin(), byRank.begin() + k);
  for (int64_t n = 0; n < k; ++n) {
    double want = logProbability(byRank[n]);
    EXPECT_EQ(targets.ids_BTK.const_data_ptr<int32_t>()[token * k + n], byRank[n]) << token << " " << n;
    EXPECT_NEAR(targets.logprobs_BTK.const_data_ptr<float>()[token * k + n], want, tolerance * std::abs(want) + 1e-6);
    inside += std::exp(want);
  }
  EXPECT_NEAR(targets.tail_BT.const_data_ptr<float>()[token], std::log(1 - inside), 1e-4);
}

} // namespace

// Several shards and batches, some with several documents: each row finds its own ids, log-probabilities and tail,
// whatever the order in which rows are asked for.
TEST_F(TargetRowsTest, EveryRowOfEveryShardIsItsOwn) {
  Program program = Program::parse(tinyTeacher(), "tiny");
  ParamMap params = tinyTeacherParams();
  TokenRows rows = tinyRows(7, 3);
  for (DType type : {DType::F32, DType::F16}) {
    TargetStore targets =
        store(program, params, rows, {.format = {.k = 5, .logprobs = type}, .tokensPerShard = 30, .batchTokens = 24});
    for (std::vector<int64_t> order : {std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6}, {4, 1, 5, 2}, {6, 5}, {2, 2, 1}}) {
      TokenRows some = rows.select(order);
      at::Tensor logits = program.run("model", {some.ids_NT, some.docStart_NT}, params).at(0).contiguous();
      Targets found = targets.batch(some);
      ASSERT_EQ(found.ids_BTK.size(0), int64_t(order.size()));
      for (int64_t token = 0; token < int64_t(order.size()) * 12; ++token)
        expectToken(found, token, logits.const_data_ptr<float>() + token * TinyVocabulary, TinyVocabulary,
                    type == DType::F32 ? 1e-5 : 0x1p-10);
    }
  }
}

// Ids at the ends and in the middle of a vocabulary, of sizes on both sides of a power of two.
TEST_F(TargetRowsTest, IdsOfLargeVocabularies) {
  for (int64_t vocabulary : {int64_t(40000), int64_t(65536), int64_t(65537), int64_t(128256)}) {
    at::Tensor table = at::full({4, vocabulary}, -20.0f);
    float *logits = table.mutable_data_ptr<float>();
    for (int64_t row = 0; row < 4; ++row) // the likeliest stand on both sides of 2^15, and at the end
      for (auto [id, logit] : {std::pair(vocabulary - 1 - row, 3.0f), {32767 + row, 2.0f}, {row, 1.0f}})
        logits[row * vocabulary + id] = logit;
    TokenRows rows = packDocuments({{0, 1, 2, 3}, {3, 2, 1, 0}}, {.length = 4});
    Program program = tableModel(vocabulary);
    Targets found = store(program, {{"table", table}}, rows, {.format = {.k = 3}}).batch(rows);
    for (int64_t token = 0; token < 8; ++token)
      expectToken(found, token, logits + rows.ids_NT.const_data_ptr<int64_t>()[token] * vocabulary, vocabulary,
                  0x1p-10);
  }
}
