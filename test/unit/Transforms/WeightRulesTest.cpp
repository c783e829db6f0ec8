//===- WeightRulesTest.cpp - which weight is stored in which type ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Transforms/WeightRules.h"

#include <gtest/gtest.h>

using namespace xlstm;

TEST(WeightRulesTest, TheLastThatFitsCounts) {
  WeightRules rules;
  EXPECT_EQ(rules.storageOf("a"), WeightStorage::Stored);
  for (const char *rule : {"int4", "lm_head.weight=int8", "*.layers.0.*=bf16", "*.down_proj.*=int4m", "*norm*=stored"})
    EXPECT_EQ(rules.add(rule), "");
  EXPECT_EQ(rules.storageOf("lm_head.weight"), WeightStorage::Int8);
  EXPECT_EQ(rules.storageOf("model.layers.0.mlp.up_proj.weight"), WeightStorage::BF16);
  EXPECT_EQ(rules.storageOf("model.layers.0.mlp.down_proj.weight"), WeightStorage::Int4M);
  EXPECT_EQ(rules.storageOf("model.layers.10.mlp.up_proj.weight"), WeightStorage::Int4);
  EXPECT_EQ(rules.firstUnused(), "*norm*");
}

TEST(WeightRulesTest, UnknownTypesAreNamed) {
  WeightRules rules;
  EXPECT_EQ(rules.add("*=int3"), "expected a type of weights (stored, f32, bf16, f16, int8, int4, int4m), or "
                                 "pattern=type, found '*=int3'");
  EXPECT_NE(rules.add(""), "");
  EXPECT_NE(rules.add("int8="), "");
}
