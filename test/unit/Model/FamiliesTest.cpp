//===- FamiliesTest.cpp - the table of teacher families -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Model/Families.h"

#include <gtest/gtest.h>

using namespace xlstm;

namespace {

std::vector<const Family *> everyFamily() {
  std::vector<const Family *> all;
  for (const Family &family : families())
    all.push_back(&family);
  return all;
}

/// What a model of the family shows: all its weights, and all biases that it can have.
ModelTraits traitsOf(const Family &family, bool withBiases) {
  ModelTraits traits;
  traits.hasWindow = family.pattern != LayerPattern::Full;
  for (const Part &part : family.parts) {
    traits.tensors.insert({part.role});
    const BiasRule *rule = family.biases.find(part.role);
    if (rule && (*rule == BiasRule::Always || (withBiases && *rule == BiasRule::IfAsked)))
      traits.tensors.insert({part.role, true});
  }
  return traits;
}

TEST(Families, NamesAreDistinctAndLeadBack) {
  for (const Family &family : families()) {
    std::set<std::string> names, ggufNames;
    for (const Part &part : family.parts)
      for (bool isBias : {false, true}) {
        TensorRole tensor{part.role, isBias};
        std::string name = weightName(family, tensor, 12);
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_TRUE(ggufNames.insert(ggufName(family, tensor, 12)).second) << name;
        EXPECT_EQ(tensorOf(name, &family), tensor) << name;
      }
  }
}

TEST(Families, AModelIsRecognised) {
  for (const Family &family : families())
    for (bool withBiases : {false, true})
      EXPECT_EQ(closestFamily(traitsOf(family, withBiases), everyFamily()).modelType, family.modelType) << withBiases;
}

TEST(Families, ALikeModelGetsTheClosestFamily) {
  ModelTraits traits = traitsOf(*findFamily("llama"), false);
  traits.tensors.insert({Role::QueryNorm}); // llamas have none
  EXPECT_EQ(closestFamily(traits, everyFamily()).modelType, "llama");
  EXPECT_EQ(likelyName(*findFamily("llama"), {Role::QueryNorm}, 3), "model.layers.3.self_attn.q_norm.weight");
  // Its name would be that of another norm of the same layer.
  EXPECT_EQ(likelyName(*findFamily("llama"), {Role::AttentionOutputNorm}, 3), "");
}

TEST(Families, Names) {
  const Family &olmo = *findFamily("olmo2");
  EXPECT_EQ(weightName(olmo, {Role::AttentionOutputNorm}, 7), "model.layers.7.post_attention_layernorm.weight");
  EXPECT_EQ(ggufName(olmo, {Role::Query, true}, 7), "blk.7.attn_q.bias");
  EXPECT_EQ(weightName(olmo, {Role::MlpInputNorm}, 7), "");
  EXPECT_EQ(tensorOf("model.layers.x.mlp.up_proj.weight", nullptr), std::nullopt);
  EXPECT_EQ(tensorOf("model.layers..mlp.up_proj.weight", nullptr), std::nullopt);
  EXPECT_EQ(tensorOf("model.layers.0.mlp.up_proj", nullptr), std::nullopt);
  EXPECT_EQ(familyNames(), "llama, mistral, olmo2, olmo3, qwen2, qwen3");
  EXPECT_EQ(ggufArchitectureNames(), "llama, olmo2, qwen2, qwen3");
}

} // namespace
