//===- RopeWriterTest.cpp - rotary parameters found by value --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/RopeWriter.h"

#include "gtest/gtest.h"

using namespace xlstm;

namespace {

struct Case {
  int64_t headDim, contextLength;
  const char *group;
};

/// Parameters of models on the Hub (Llama 3.1, 3.2, 3.3; Qwen 2.5 and 3 with YaRN; OLMo 3; older Llamas), and odd ones.
const Case cases[] = {
    {128, 131072,
     R"({"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 8192})"},
    {64, 131072,
     R"({"rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": 8192})"},
    {128, 131072,
     R"({"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 32768})"},
    {128, 65536,
     R"({"rope_type": "yarn", "rope_theta": 500000.0, "factor": 8.0, "original_max_position_embeddings": 8192,
         "attention_factor": 1.2079441541679836, "beta_fast": 32.0, "beta_slow": 1.0})"},
    {128, 16384, R"({"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0})"},
    {80, 6144, R"({"rope_type": "linear", "rope_theta": 12345.0, "factor": 2.5})"},
    {16, 512,
     R"({"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 128})"},
    {16, 512,
     R"({"rope_type": "yarn", "rope_theta": 500000.0, "factor": 8.0, "original_max_position_embeddings": 64})"},
};

Rope read(const Json &group, const Case &test) {
  return readRope(JsonFields(group, "config.json"), 10000, test.headDim, test.contextLength);
}

} // namespace

TEST(RopeWriter, findsTheParametersThatModelsHave) {
  for (const Case &test : cases) {
    Json expected = Json::parse(test.group);
    Rope rope = read(expected, test);
    Json found = writeRope(rope, test.headDim, test.contextLength, {});
    for (const char *key : {"rope_type", "rope_theta", "factor"})
      EXPECT_EQ(found[key], expected[key]) << found.dump();
    EXPECT_LE(ropeDifference(read(found, test), rope, test.headDim), 4e-7) << test.group;
  }
}

TEST(RopeWriter, prefersWhatTheConfigurationCalledIt) {
  std::vector<Json> known{Json::parse(R"({"rope_type": "linear", "rope_theta": 10000.0, "factor": 3.0})"),
                          Json::parse(R"({"rope_type": "dynamic", "rope_theta": 20000.0, "factor": 2.0})")};
  Rope rope;
  rope.theta = 20000;
  EXPECT_EQ(writeRope(rope, 16, 512, known), known[1]);
  rope.theta = 30000;
  EXPECT_EQ(writeRope(rope, 16, 512, known), (Json{{"rope_type", "default"}, {"rope_theta", 30000.0}}));
}

TEST(RopeWriter, saysAnyFrequencies) {
  Rope rope;
  rope.frequencies = {0.9f, 0.4f, 0.25f, 0.2f, 0.11f, 0.02f, 0.003f, 0.0029f};
  rope.attentionFactor = 1.5;
  Json found = writeRope(rope, 16, 512, {});
  EXPECT_EQ(found["rope_type"], "longrope");
  EXPECT_LE(ropeDifference(read(found, {16, 512, ""}), rope, 16), 4e-7);
}
