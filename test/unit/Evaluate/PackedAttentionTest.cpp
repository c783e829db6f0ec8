//===- PackedAttentionTest.cpp - documents of different lengths in one call ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// On a CPU each document is a call of its own; what the kernel for CUDA is given is the same.

#include "test/unit/Evaluate/EvaluateTest.h"

#include "runtime/Evaluate/PackedAttention.h"

#include <ATen/ops/empty.h>

using namespace xlstm::test;
using namespace xlstm::evaluate;
using at::Tensor;

namespace {

PackedDocuments pack(const Tensor &docs) { return packDocuments(docs.to(at::kLong).contiguous(), at::kCPU); }

} // namespace

TEST(PackedAttention, CountsTokensOverAllRows) {
  PackedDocuments found = pack(documents(3, 10, {{4, 1, 40}, {10}, {3, 6, 1}}));
  EXPECT_EQ(found.starts, (std::vector<int64_t>{0, 4, 5, 10, 20, 23, 29, 30}));
  EXPECT_EQ(found.longest, 10);
  EXPECT_EQ(found.starts_N1.scalar_type(), at::kInt);
  EXPECT_TRUE(found.starts_N1.equal(intTensor({0, 4, 5, 10, 20, 23, 29, 30}, {8})));
}

// A document that goes on behind another: nothing that a corpus has, but doc_start can say it.
TEST(PackedAttention, LeavesDocumentsThatAreNotInOnePiece) {
  EXPECT_EQ(pack(intTensor({0, 0, 2, 0}, {1, 4})).longest, 0);
  EXPECT_EQ(pack(intTensor({0, 0, 2, 1}, {1, 4})).longest, 0);
  EXPECT_EQ(pack(intTensor({0, 0, 0, 0, 0, 1, 1, 1}, {2, 4})).longest, 4);
}

TEST(PackedAttention, AgreesWithReference) {
  constexpr int64_t B = 3, T = 131, d = 8;
  for (auto [H, heads] : {std::pair<int64_t, int64_t>{1, 1}, {4, 2}, {3, 1}}) {
    Tensor q = randomTensor({B, T, H, d}, 1, -2, 2), k = randomTensor({B, T, heads, d}, 2, -2, 2),
           v = randomTensor({B, T, heads, d}, 3), docs = documents(B, T, {{11, 1, 40}, {1000}, {3, 70, 2}});
    Tensor want = at::empty({B, T, H, d}, at::kDouble);
    xlstm::reference::attention(data(q), data(k), data(v), docs.const_data_ptr<int32_t>(),
                                want.mutable_data_ptr<double>(), B, T, H, heads, d, d, 0.25, -1, 0);
    EXPECT_LT(headError(attendPacked(q, k, v, pack(docs), 0.25), want), 1e-12);
  }
}
