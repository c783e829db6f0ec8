//===- GroupTest.cpp - collectives against arithmetic ----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "RunRanks.h"

#include "xlstm/Runtime/Distributed/Group.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include "gtest/gtest.h"

using namespace xlstm;
using namespace xlstm::test;

/// Of a group of `size`; also of one process, where all of it does nothing.
static void expectCollectives() {
  Group &group = Group::world();
  int64_t size = group.size(), rank = group.rank(), ranksFromOne = size * (size + 1) / 2;
  at::Tensor sum = at::full({3, 2}, double(rank + 1)), most = at::full({2}, double(rank), at::kDouble);
  group.allReduce(sum);
  group.allReduce(most, Reduction::Max);
  EXPECT_TRUE(sum.eq(double(ranksFromOne)).all().item<bool>());
  EXPECT_TRUE(most.eq(double(size - 1)).all().item<bool>());

  at::Tensor whole = at::arange(5 * size, at::kFloat) * double(rank + 1), part = at::empty({5});
  group.reduceScatter(part, whole)->wait();
  EXPECT_TRUE(part.equal((at::arange(5, at::kFloat) + double(5 * rank)) * double(ranksFromOne)));
  for (at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble, at::kLong}) {
    at::Tensor all = at::empty({5 * size}, type);
    group.allGather(all, (at::arange(5) + 5 * rank).to(type))->wait();
    EXPECT_TRUE(all.equal(at::arange(5 * size).to(type)));
  }
  at::Tensor first = at::full({4}, rank == 0 ? 7.0 : 0.0, at::kBFloat16);
  group.broadcast(first);
  EXPECT_TRUE(first.eq(7.0).all().item<bool>());

  EXPECT_EQ(group.sum({1.5, double(rank)}), (std::vector<double>{1.5 * double(size), double(ranksFromOne - size)}));
  EXPECT_EQ(group.greatest(10 - rank), 10);
  EXPECT_EQ(group.share(rank == 0 ? "text of rank 0" : "another"), "text of rank 0");
  EXPECT_EQ(group.share(rank == 0 ? "" : "another"), "");
  group.barrier();
}

TEST(Group, Collectives) {
  for (int64_t size : {1, 2, 4})
    expectRanks(size, expectCollectives);
}

// Parts are all of it, in order, and differ by one at most.
TEST(Group, Parts) {
  expectRanks(4, [] {
    Group &group = Group::world();
    for (int64_t count : {0, 3, 4, 9, 64}) {
      auto [first, second] = group.part(count);
      EXPECT_TRUE(second - first == count / 4 || second - first == (count + 3) / 4);
      EXPECT_EQ(group.sum({double(second - first)})[0], double(count));
      EXPECT_EQ(group.rank() == 3, second == count || count == 0 ? group.rank() == 3 : false);
    }
  });
}

// Rank 0 says what is done; the others do it in this order, and end when it says that there is no more.
TEST(Group, Calls) {
  expectRanks(3, [] {
    Group &group = Group::world();
    if (group.isFirst()) {
      for (const char *call : {"one", "two", ""})
        group.call(call);
      return;
    }
    std::string heard;
    for (std::string call; !(call = group.nextCall()).empty();)
      heard += call + " ";
    EXPECT_EQ(heard, "one two ");
  });
}
