//===- ConfigTest.cpp - reading config.json -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "lib/Import/HuggingFace/Config.h"

#include "Teachers.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;

namespace {

/// A llama without any key that has a class default, changed by a merge patch (null removes a key).
TeacherConfig read(const char *patch) {
  Json json = Json::parse(R"({"model_type": "llama", "vocab_size": 16, "hidden_size": 24, "intermediate_size": 12,
                              "num_hidden_layers": 5, "num_attention_heads": 6})");
  json.merge_patch(Json::parse(patch));
  TemporaryFolder folder;
  writeTextFile(folder.path / "config.json", json.dump());
  return readTeacherConfig(folder.path / "config.json");
}

std::string errorOf(const char *patch) {
  try {
    read(patch);
  } catch (const Error &error) {
    std::string text = error.what();
    return text.substr(text.find("config.json"));
  }
  return "no error";
}

std::vector<int64_t> windowsOf(const TeacherConfig &config) {
  std::vector<int64_t> windows;
  for (const LayerConfig &layer : config.layers)
    windows.push_back(layer.window.value_or(0));
  return windows;
}

using Windows = std::vector<int64_t>;

struct Case {
  const char *patch, *error;
};
const Case badConfigs[] = {
    {R"({"num_key_value_heads": 5})",
     "config.json: 'num_key_value_heads': expected a divisor of 6 (num_attention_heads), found 5"},
    {R"({"num_attention_heads": 5})",
     "config.json: 'num_attention_heads': expected a divisor of 24 (hidden_size), found 5"},
    {R"({"head_dim": 3})", "config.json: 'head_dim': expected an even number of at most 4096, found 3"},
    {R"({"head_dim": 4098})", "config.json: 'head_dim': expected an even number of at most 4096, found 4098"},
    {R"({"hidden_size": "24"})", "config.json: 'hidden_size': expected an integer of 1 to 134217728, found '24'"},
    {R"({"vocab_size": 18446744073709551615})",
     "config.json: 'vocab_size': expected an integer of 1 to 134217728, found 18446744073709551615"},
    {R"({"vocab_size": -1})", "config.json: 'vocab_size': expected an integer of 1 to 134217728, found -1"},
    {R"({"intermediate_size": 12.0})",
     "config.json: 'intermediate_size': expected an integer of 1 to 134217728, found 12.0"},
    {R"({"num_hidden_layers": 10001})", "config.json: 'num_hidden_layers': expected at most 10000, found 10001"},
    {R"({"rms_norm_eps": 0})", "config.json: 'rms_norm_eps': expected a number above 0, found 0"},
    {R"({"rms_norm_eps": true})", "config.json: 'rms_norm_eps': expected a number above 0, found true"},
    {R"({"rms_norm_eps": 1})", "config.json: 'rms_norm_eps': expected a number below 1, found 1"},
    {R"({"tie_word_embeddings": 1})", "config.json: 'tie_word_embeddings': expected true or false, found 1"},
    {R"({"hidden_act": "gelu"})", "config.json: 'hidden_act': expected 'silu', found 'gelu'"},
    {R"({"model_type": "gpt2"})",
     "config.json: 'model_type': expected one of llama, mistral, olmo2, olmo3, qwen2, qwen3, found 'gpt2'"},
    {R"({"architectures": ["LlamaForSequenceClassification"]})",
     "config.json: 'architectures': expected a list with LlamaForCausalLM or LlamaModel, found "
     "[\"LlamaForSequenceClassification\"]"},
    {R"({"layer_types": ["full_attention"]})",
     "config.json: 'layer_types': expected a list of 5 (num_hidden_layers), found [\"full_attention\"]"},
    {R"({"num_hidden_layers": 1, "layer_types": ["sliding_attention"]})",
     "config.json: 'layer_types': expected the layers of a llama model to be all alike, as sliding_window says, "
     "found "
     "[\"sliding_attention\"]"},
    {R"({"model_type": "olmo3", "sliding_window": 0})",
     "config.json: 'sliding_window': expected an integer of 1 to 134217728, found 0"},
    {R"({"model_type": "qwen2", "num_key_value_heads": 6, "num_hidden_layers": 1,
           "layer_types": ["sliding_attention"]})",
     "config.json: 'sliding_window': expected the window of layer 0, which is a sliding_attention, found nothing"},
    {R"({"rope_theta": 1e4, "rope_parameters": {"rope_theta": 1e5}})",
     "config.json: 'rope_theta': expected the same as rope_parameters has, found 10000.0"},
    {R"({"rope_parameters": {"full_attention": {}}})",
     "config.json: 'rope_parameters.full_attention': expected one rotation for all layers, found {}"},
    {R"({"model_type": "olmo3", "rope_parameters": {"rope_theta": 1e5}})",
     "config.json: 'rope_parameters.full_attention': expected an object, found nothing"},
    {R"({"rope_scaling": {"type": "dynamic"}})",
     "config.json: 'rope_scaling.factor': expected a number above 0, found nothing"},
    {R"({"rope_scaling": {"type": "su", "factor": 2.0}})",
     "config.json: 'rope_scaling.type': expected default, linear, dynamic, llama3, yarn or longrope, found 'su'"},
    {R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 2], "long_factor": [1, 3], "attention_factor": 1}})",
     "config.json: 'rope_scaling.short_factor': expected the same as long_factor, for frequencies may not depend on "
     "the length of the text, found [1,2]"},
    {R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 0], "long_factor": [1, 2], "attention_factor": 1}})",
     "config.json: 'rope_scaling.short_factor': expected a list of 2 numbers above 0, found [1,0]"},
    {R"({"partial_rotary_factor": 0.5})",
     "config.json: 'partial_rotary_factor': expected 1, for heads are rotated whole, found 0.5"},
    {R"({"rope_scaling": {"rope_type": "linear", "factor": 0.5}})",
     "config.json: 'rope_scaling.factor': expected a number of at least 1, found 0.5"},
    {R"({"rope_parameters": {"partial_rotary_factor": 0.5}})",
     "config.json: 'rope_parameters.partial_rotary_factor': expected 1, for heads are rotated whole, found 0.5"},
    {R"({"rope_theta": 1})", "config.json: 'rope_theta': expected a number above 1, at most 1e30, found 1"},
    {R"({"rope_parameters": {"rope_type": "linear", "factor": 1e300}})",
     "config.json: 'rope_parameters.factor': expected frequencies that float32 can hold, found 1e+300"},
    {R"({"quantization_config": {}})",
     "config.json: 'quantization_config': expected none, for quantised weights are not read, found {}"},
};

} // namespace

TEST(Config, absentKeysHaveTheClassDefaultsOfTransformers) {
  TeacherConfig config = read("{}");
  EXPECT_EQ(config.numKvHeads, 6);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(config.contextLength, 2048);
  EXPECT_EQ(config.normEps, 1e-6);
  EXPECT_EQ(config.layers.at(0).rope.theta, 10000);
  EXPECT_FALSE(config.tiedHead || config.biases.qkv || config.biases.output || config.biases.mlp);
  EXPECT_EQ(windowsOf(config), Windows(5, 0));

  TeacherConfig mistral = read(R"({"model_type": "mistral", "hidden_size": 64, "num_attention_heads": 16})");
  EXPECT_EQ(mistral.numKvHeads, 8);
  EXPECT_EQ(mistral.contextLength, 131072);
  EXPECT_EQ(windowsOf(mistral), Windows(5, 4096));

  TeacherConfig qwen3 = read(R"({"model_type": "qwen3", "num_key_value_heads": 2})");
  EXPECT_EQ(qwen3.headDim, 128);
  EXPECT_FALSE(qwen3.biases.qkv);

  TeacherConfig olmo3 = read(R"({"model_type": "olmo3"})");
  EXPECT_EQ(olmo3.normEps, 1e-5);
  EXPECT_EQ(windowsOf(olmo3), (Windows{4096, 4096, 4096, 0, 4096}));
  EXPECT_EQ(olmo3.layers.at(0).rope.theta, 500000);
}

/// Values of transformers 5.24 and 4.57: AutoConfig.for_model(model_type). None of these differs between the two.
TEST(Config, absentSizesHaveTheClassDefaultsOfTransformers) {
  struct Expected {
    const char *type;
    int64_t vocab, inner, kvHeads, context;
    double eps;
  };
  const Expected classes[] = {{"llama", 32000, 11008, 32, 2048, 1e-6},   {"mistral", 32000, 14336, 8, 131072, 1e-6},
                              {"olmo2", 50304, 11008, 32, 2048, 1e-5},   {"olmo3", 50304, 11008, 32, 2048, 1e-5},
                              {"qwen2", 151936, 22016, 32, 32768, 1e-6}, {"qwen3", 151936, 22016, 32, 32768, 1e-6}};
  for (const Expected &expected : classes) {
    TeacherConfig config = readTeacherConfig(Json{{"model_type", expected.type}}, "config.json");
    EXPECT_EQ(config.vocabSize, expected.vocab) << expected.type;
    EXPECT_EQ(config.hiddenSize, 4096) << expected.type;
    EXPECT_EQ(config.intermediateSize, expected.inner) << expected.type;
    EXPECT_EQ(config.numHeads, 32) << expected.type;
    EXPECT_EQ(config.numKvHeads, expected.kvHeads) << expected.type;
    EXPECT_EQ(config.headDim, 128) << expected.type;
    EXPECT_EQ(config.layers.size(), 32u) << expected.type;
    EXPECT_EQ(config.contextLength, expected.context) << expected.type;
    EXPECT_EQ(config.normEps, expected.eps) << expected.type;
    EXPECT_FALSE(config.tiedHead) << expected.type;
  }
  Json noSize{{"model_type", "llama"}, {"hidden_size", nullptr}};
  EXPECT_THROW(readTeacherConfig(noSize, "config.json"), Error);
}

TEST(Config, dynamicRotationsAreThoseUpToTheContextAndWarn) {
  TeacherConfig config = read(R"({"rope_theta": 5e4, "rope_scaling": {"type": "dynamic", "factor": 4.0}})");
  EXPECT_EQ(config.layers.at(4).rope.theta, 5e4);
  EXPECT_TRUE(config.layers.at(4).rope.frequencies.empty());
  ASSERT_EQ(config.warnings.size(), 1u);
  EXPECT_NE(config.warnings[0].find("rope_type 'dynamic': the frequencies are those of texts of up to 2048 tokens"),
            std::string::npos);
  EXPECT_TRUE(read(R"({"rope_scaling": {"type": "linear", "factor": 4.0}})").warnings.empty());
}

TEST(Config, nullMeansTheDefaultOfOptionalKeys) {
  // merge_patch drops nulls: write the text
  TemporaryFolder folder;
  writeTextFile(
      folder.path / "config.json",
      R"({"model_type": "mistral", "vocab_size": 16, "hidden_size": 24, "intermediate_size": 12, "head_dim": null,
                    "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": null,
                    "sliding_window": null, "rope_scaling": null})");
  TeacherConfig config = readTeacherConfig(folder.path / "config.json");
  EXPECT_EQ(config.numKvHeads, 6);
  EXPECT_EQ(config.headDim, 4);
  EXPECT_EQ(windowsOf(config), (Windows{0, 0}));
}

TEST(Config, biasesFollowFamilyAndFlags) {
  TeacherConfig llama = read(R"({"attention_bias": true, "mlp_bias": true})");
  EXPECT_TRUE(llama.biases.qkv && llama.biases.output && llama.biases.mlp);
  TeacherConfig qwen2 = read(R"({"model_type": "qwen2", "num_key_value_heads": 2, "attention_bias": true})");
  EXPECT_TRUE(qwen2.biases.qkv);
  EXPECT_FALSE(qwen2.biases.output); // hard-coded in the class, whatever the key says
  TeacherConfig qwen3 = read(R"({"model_type": "qwen3", "num_key_value_heads": 2, "attention_bias": true})");
  EXPECT_TRUE(qwen3.biases.qkv && qwen3.biases.output);
}

TEST(Config, slidingLayersFollowTheFlagAndLayerTypes) {
  const char *off = R"({"model_type": "qwen2", "num_key_value_heads": 2, "sliding_window": 8, "max_window_layers": 3})";
  EXPECT_EQ(windowsOf(read(off)), Windows(5, 0));
  const char *on = R"({"model_type": "qwen2", "num_key_value_heads": 2, "sliding_window": 8, "max_window_layers": 3,
                       "use_sliding_window": true})";
  EXPECT_EQ(windowsOf(read(on)), (Windows{0, 0, 0, 8, 8}));
  const char *types = R"({"model_type": "olmo3", "sliding_window": 8, "num_hidden_layers": 3,
                          "layer_types": ["full_attention", "sliding_attention", "full_attention"]})";
  EXPECT_EQ(windowsOf(read(types)), (Windows{0, 8, 0}));
}

TEST(Config, olmo3ScalesOnlyFullLayers) {
  const char *old = R"({"model_type": "olmo3", "rope_theta": 500000.0, "rope_scaling":
      {"rope_type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64}})";
  TeacherConfig config = read(old);
  EXPECT_TRUE(config.layers.at(0).rope.frequencies.empty());
  EXPECT_EQ(config.layers.at(3).rope.frequencies.size(), 2u);
  EXPECT_NEAR(config.layers.at(3).rope.attentionFactor, 1.2079441541679836, 1e-15);
  const char *now = R"({"model_type": "olmo3", "rope_parameters": {"sliding_attention": {"rope_theta": 500000.0},
      "full_attention": {"rope_type": "yarn", "rope_theta": 500000.0, "factor": 8.0,
                         "original_max_position_embeddings": 64}}})";
  TeacherConfig same = read(now);
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(config.layers.at(i).rope, same.layers.at(i).rope);
}

TEST(Config, errorsNameTheKeyWhatWasExpectedAndWhatWasFound) {
  for (const Case &test : badConfigs)
    EXPECT_EQ(errorOf(test.patch), test.error) << test.patch;
}
