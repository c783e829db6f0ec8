//===- RopeTest.cpp - rotary frequencies ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Rope.h"

#include "gtest/gtest.h"

using namespace xlstm;

namespace {

struct Case {
  const char *name, *group;
  double theta;
  int64_t context;
  std::vector<float> frequencies;
  double attentionFactor;
};

/// For heads of 16 channels, as transformers 5.24 computes them (ROPE_INIT_FUNCTIONS, printed with %.9g).
const Case cases[] = {
    {"linear",
     R"({"rope_type": "linear", "factor": 4.0})",
     10000,
     512,
     {0.25f, 0.079056941f, 0.0250000004f, 0.00790569466f, 0.00249999994f, 0.000790569466f, 0.000250000012f,
      7.90569466e-05f},
     1},
    {"llama3",
     R"({"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 128})",
     10000, // the group's own theta wins
     512,
     {1, 0.191126496f, 0.00470075384f, 0.000911583134f, 0.000176776681f, 3.42810235e-05f, 6.64786967e-06f,
      1.28917316e-06f},
     1},
    {"yarn",
     R"({"type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64, "beta_fast": 32.0, "beta_slow": 1.0})",
     500000,
     512,
     {1, 0.109081551f, 0.00470075384f, 0.000911583134f, 0.000176776681f, 3.42810235e-05f, 6.64786967e-06f,
      1.28917316e-06f},
     1.2079441541679836},
    {"yarn with mscale, without rounding",
     R"({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 4096, "mscale": 1.0,
         "mscale_all_dim": 0.5, "truncate": false})",
     10000,
     512,
     {1, 0.316227764f, 0.100000001f, 0.0286136102f, 0.006556971f, 0.00128563191f, 0.000250000012f, 7.90569466e-05f},
     1.0648216253695715},
    {"yarn over the model's own context",
     R"({"rope_type": "yarn", "factor": 40.0, "beta_fast": 16, "beta_slow": 2, "attention_factor": 1.5})",
     10000,
     4096,
     {1, 0.316227764f, 0.100000001f, 0.0316227786f, 0.00674999924f, 0.00110679714f, 2.49999994e-05f, 7.90569447e-06f},
     1.5},
    {"longrope of one list",
     R"({"rope_type": "longrope", "short_factor": [1, 1.5, 2, 3, 4.5, 7, 8, 8], "attention_factor": 1.25,
         "long_factor": [1, 1.5, 2, 3, 4.5, 7, 8, 8], "original_max_position_embeddings": 512})",
     10000,
     512,
     {1, 0.210818514f, 0.0500000007f, 0.0105409266f, 0.00222222228f, 0.000451753964f, 0.000125000006f, 3.95284733e-05f},
     1.25},
};

} // namespace

TEST(Rope, scaledFrequenciesAreThoseOfTransformers) {
  for (const Case &test : cases) {
    Json json = Json::parse(test.group);
    Rope rope = readRope(JsonFields(json, "config.json", "rope_scaling."), test.theta, 16, test.context);
    ASSERT_EQ(rope.frequencies.size(), test.frequencies.size()) << test.name;
    for (size_t i = 0; i < test.frequencies.size(); ++i)
      EXPECT_NEAR(rope.frequencies[i] / test.frequencies[i], 1, 3e-7) << test.name << ", pair " << i;
    EXPECT_NEAR(rope.attentionFactor, test.attentionFactor, 1e-14) << test.name;
  }
}

TEST(Rope, plainOnesAreTheirTheta) {
  for (const char *group : {"{}", R"({"rope_type": "default"})", R"({"type": "default", "rope_theta": 20000})"}) {
    Json json = Json::parse(group);
    Rope rope = readRope(JsonFields(json, "config.json"), 20000, 16, 512);
    EXPECT_EQ(rope.theta, 20000);
    EXPECT_TRUE(rope.frequencies.empty());
    EXPECT_EQ(rope.attentionFactor, 1);
  }
}
