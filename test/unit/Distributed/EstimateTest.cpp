//===- EstimateTest.cpp - what is planned for a rank, and what it holds ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunRanks.h"
#include "runtime/Train/Buckets.h"
#include "test/unit/Train/TinyModel.h"
#include "tools/xlstm/EstimateRanks.h"

#include <ATen/core/Tensor.h>

#include "gtest/gtest.h"

using namespace xlstm;
using namespace xlstm::test;

// Tensors of a real rank against the plan, but for what fills shards up; also in bf16, where leaves are narrow.
TEST(Estimate, Rank) {
  for (int64_t ranks : {2, 4})
    expectRanks(ranks, [&] {
      for (bool isNarrow : {false, true}) {
        Program program = isNarrow ? narrowStudent() : tinyStudent();
        const FunctionSpec &function = program.function("distill");
        HeldParams held = HeldParams::of(function, Trained::Full);
        std::map<std::string, at::ScalarType> rounded;
        int64_t elements = 0;
        for (const ParamSpec &param : function.params) {
          elements += int64_t(param.tensor.numElements());
          if (param.isRounded)
            rounded[param.tensor.name] = at::kBFloat16;
        }
        EXPECT_EQ(held.trained, elements);
        EXPECT_EQ(rounded.empty(), !isNarrow);
        std::vector<Bucket> buckets = makeBuckets(Group::world(), tinyStudentParams(), rounded, 1 << 20);
        int64_t leaves = 0, shards = 0, filling = int64_t(buckets.size()) * 64 * ranks;
        for (const Bucket &bucket : buckets) {
          leaves += int64_t(bucket.leaves.nbytes());
          shards += int64_t(4 * bucket.shard.nbytes()); // trained, gradient and two moments
        }
        RankBytes planned = RankBytes::of(held, TrainOptions(), ranks);
        EXPECT_LE(planned.stays, leaves + shards);
        EXPECT_GE(planned.stays + filling * 4 + filling / ranks * 16, leaves + shards);
      }
    });
}

// By hand: 1000 params, of which each of 4 ranks reads 2 bytes and keeps 16 of a quarter; a step of 5 rows a rank, two
// at once, sums three times 4 bytes and gathers 2, of which three quarters go to others.
TEST(Estimate, ByHand) {
  HeldParams held{1000, 0, 0, 2000, 600};
  TrainOptions options;
  options.batch = 17;
  options.microBatch = 2;
  options.bucket = 100;
  RankBytes bytes = RankBytes::of(held, options, 4);
  EXPECT_EQ(bytes.stays, 2000 + 4000);
  EXPECT_EQ(bytes.underWay, 3 * 600 * 4);
  EXPECT_EQ(bytes.sent, (3 * 4000 + 2000) * 3 / 4);
  EXPECT_EQ(rowsAtOnce(options, 4), 2);
  options.microBatch = 0;
  EXPECT_EQ(rowsAtOnce(options, 4), 5);
}
