//===- StepCostTest.cpp - operations of a trained token, worked by hand -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "tools/xlstm/StepCost.h"

#include <gtest/gtest.h>

using namespace xlstm;

namespace {

LayerDescription attention() {
  LayerDescription layer;
  layer.attends = true;
  layer.heads = 4, layer.kvHeads = 2, layer.headSize = 2, layer.feedForward = 16;
  return layer;
}

LayerDescription hybrid() {
  LayerDescription layer = attention();
  layer.window = 4, layer.sinks = 2, layer.form = "chunkwise", layer.chunk = 8, layer.student = "#xlstm.mixer<>";
  return layer;
}

ModelDescription model(std::vector<LayerDescription> layers) {
  ModelDescription model;
  model.width = 8, model.vocab = 10;
  model.layers = std::move(layers);
  return model;
}

} // namespace

// Weights of a layer: 8 * (2 * (4 + 2) * 2 + 3 * 16) = 576. In a row of 16 tokens a head of attention sees 8 keys:
// 4 * 2 * 8 = 64. A head of the mixer sees 4 + 2 keys, 4 * 2 * 6 = 48, and has 8 * 2 * 2 + 2 * 8 * 2 = 64 for its
// memory.
TEST(StepCost, StageOne) {
  double expected = 2 * (2 * 576 + 4 * 64) + 3.5 * 4 * 112;
  EXPECT_EQ(alignOperations(model({attention(), attention()}), model({hybrid(), attention()}), 16), expected);
}

TEST(StepCost, StageTwo) {
  double mixers = 4 * 112 + 4 * 64, weights = 2 * 576 + 80;
  EXPECT_EQ(distillOperations(model({hybrid(), attention()}), 16, Trained::Full), 6 * weights + 3.5 * mixers);
  EXPECT_EQ(distillOperations(model({hybrid(), attention()}), 16, Trained::Lora), 4 * weights + 3.5 * mixers);
}

TEST(StepCost, HeadsThatStayAttentionSeeAll) {
  LayerDescription kept = hybrid(), memory = hybrid();
  kept.keptHeads = {1};
  double weights = 576 + 80;
  EXPECT_EQ(distillOperations(model({kept}), 16, Trained::Full), 6 * weights + 3.5 * (64 + 3 * 112));
  memory.keptHeads = {0, 3}, memory.window = memory.sinks = 0; // the others are a memory alone
  EXPECT_EQ(distillOperations(model({memory}), 16, Trained::Full), 6 * weights + 3.5 * (2 * 64 + 2 * 64));
}

TEST(StepCost, RowsAreShorterThanTheWindow) {
  EXPECT_EQ(distillOperations(model({hybrid()}), 2, Trained::Full), 6 * 656 + 3.5 * 4 * (4 * 2 * 4 + 64));
}
