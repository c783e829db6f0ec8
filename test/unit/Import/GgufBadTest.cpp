//===- GgufBadTest.cpp - GGUF files that are no teacher -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "GgufTeacher.h"
#include "Teachers.h"
#include "xlstm/Import/Gguf.h"
#include "xlstm/Support/Error.h"

#include <cmath>
#include <fstream>

using namespace xlstm;
using namespace xlstm::test;
using G = GgufBuilder;
namespace fs = std::filesystem;

namespace {

/// What the import of the bytes says: an error, warnings one a line, or nothing. No error leaves a bundle.
std::string resultOf(const std::string &bytes) {
  TemporaryFolder folder;
  fs::path file = folder.path / "model.gguf", bundle = folder.path / "bundle";
  std::ofstream(file, std::ios::binary) << bytes;
  std::string prefix = file.string() + ": ", text;
  try {
    for (std::string warning : importGguf(file, bundle)) {
      EXPECT_TRUE(warning.starts_with(prefix)) << warning;
      text += "warning: " + warning.substr(prefix.size()) + "\n";
    }
  } catch (const Error &error) {
    text = error.what();
    EXPECT_TRUE(text.starts_with(prefix)) << text;
    EXPECT_EQ(text.find('\n'), text.npos) << text;
    EXPECT_FALSE(fs::exists(bundle));
    return text.substr(prefix.size());
  }
  return text;
}

GgufBuilder makeGood() { return ggufOfTeacher(XLSTM_TEST_INPUTS "/hf/qwen3-tied"); }
GgufBuilder makeLlama() { return ggufOfTeacher(XLSTM_TEST_INPUTS "/hf/llama-31"); }

struct Case {
  const char *name;
  void (*change)(GgufBuilder &);
  const char *message;
};

void PrintTo(const Case &bad, std::ostream *out) { *out << bad.name; }
std::string caseName(const testing::TestParamInfo<Case> &info) { return info.param.name; }

void changeTokens(GgufBuilder &g, void (*change)(std::vector<std::string> &)) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 272; ++i)
    tokens.push_back("t" + std::to_string(i));
  change(tokens);
  g.setStrings("tokenizer.ggml.tokens", tokens);
  g.setStrings("tokenizer.ggml.merges", {});
}

const Case modelCases[] = {
    {"no_architecture", [](G &g) { g.remove("general.architecture"); }, "key 'general.architecture': expected one of"},
    {"architecture_type", [](G &g) { g.setU32("general.architecture", 7); }, "expected a string, found 7 (uint32)"},
    {"architecture_unknown", [](G &g) { g.setText("general.architecture", "spiral"); }, "qwen3, found 'spiral'"},
    {"adapter", [](G &g) { g.setText("general.type", "adapter"); }, "expected 'model', found 'adapter'"},
    {"split", [](G &g) { g.set("split.count", G::U16, bytesOf(uint16_t(3))); }, "key 'split.count': expected 1"},
    {"no_layers", [](G &g) { g.remove("qwen3.block_count"); },
     "key 'qwen3.block_count': expected an integer from 1 to"},
    {"no_heads", [](G &g) { g.remove("qwen3.attention.head_count"); }, "found no such key"},
    {"no_context", [](G &g) { g.remove("qwen3.context_length"); }, "key 'qwen3.context_length': expected"},
    {"layers_text", [](G &g) { g.setText("qwen3.block_count", "1"); },
     "expected an integer from 1 to 10000, found '1'"},
    {"layers_1e9", [](G &g) { g.setU32("qwen3.block_count", 1000000000); }, "found 1000000000 (uint32)"},
    {"layers_more", [](G &g) { g.setU32("qwen3.block_count", 3); }, "tensor 'blk.2.attn_q.weight' is missing"},
    {"layers_fewer", [](G &g) { g.setU32("qwen3.block_count", 1); }, "is no part of this qwen3 model (1 layers)"},
    {"heads_0", [](G &g) { g.setU32("qwen3.attention.head_count", 0); }, "found 0 (uint32)"},
    {"kv_heads_0", [](G &g) { g.setU32("qwen3.attention.head_count_kv", 0); }, "found 0 (uint32)"},
    {"kv_heads_3", [](G &g) { g.setU32("qwen3.attention.head_count_kv", 3); }, "expected a divisor of 4 (head_count)"},
    {"heads_unlike",
     [](G &g) {
       g.setList<int32_t>("qwen3.attention.head_count_kv", G::I32, {2, 1});
     },
     "expected one number of heads for all layers"},
    {"width", [](G &g) { g.setU32("qwen3.embedding_length", 4096); },
     "tensor 'token_embd.weight': expected the shape [272, 4096] as the keys say, found F32 [272, 32]"},
    {"epsilon_nan", [](G &g) { g.setF32("qwen3.attention.layer_norm_rms_epsilon", NAN); }, "found nan (float32)"},
    {"epsilon_negative", [](G &g) { g.setF32("qwen3.attention.layer_norm_rms_epsilon", -1); }, "found -1 (float32)"},
    {"rotated_more", [](G &g) { g.setU32("qwen3.rope.dimension_count", 512); }, "expected 16, the channels of a head"},
    {"rotated_odd", [](G &g) { g.setU32("qwen3.rope.dimension_count", 3); }, "found 3 (uint32)"},
    {"head_odd", [](G &g) { g.setU32("qwen3.attention.key_length", 15); }, "expected an even number"},
    {"value_length", [](G &g) { g.setU32("qwen3.attention.value_length", 8); }, "'qwen3.attention.value_length': exp"},
    {"theta_0", [](G &g) { g.setF32("qwen3.rope.freq_base", 0); },
     "key 'qwen3.rope.freq_base': expected a number above 1"},
    {"scaling_type", [](G &g) { g.setText("qwen3.rope.scaling.type", "twist"); },
     "expected 'none', 'linear' or 'yarn'"},
    {"scaling_factor", [](G &g) { g.setText("qwen3.rope.scaling.type", "yarn"); }, "'qwen3.rope.scaling.factor': exp"},
    {"experts", [](G &g) { g.setU32("qwen3.expert_count", 8); }, "expected none, for it would change what the model"},
    {"softcap", [](G &g) { g.setF32("qwen3.final_logit_softcapping", 30); }, "found 30 (float32)"},
    {"not_causal", [](G &g) { g.setBool("qwen3.attention.causal", false); },
     "key 'qwen3.attention.causal': expected true"},
    {"pattern_short",
     [](G &g) {
       g.setU32("qwen3.attention.sliding_window", 8);
       g.setList<uint8_t>("qwen3.attention.sliding_window_pattern", G::Bool, {1});
     },
     "expected a value for each of 2 layers"},
    {"tensor_missing", [](G &g) { g.removeTensor("blk.1.ffn_up.weight"); }, "tensor 'blk.1.ffn_up.weight' is missing"},
    {"table_missing", [](G &g) { g.removeTensor("token_embd.weight"); }, "expected a matrix, found no such tensor"},
    {"tensor_unread", [](G &g) { g.add("blk.0.extra", {1}, 0, "1234"); }, "tensor 'blk.0.extra' is no part of this"},
    {"tensor_shape",
     [](G &g) {
       g.tensor("blk.0.attn_k.weight").dims = {64, 16};
     },
     "tensor 'blk.0.attn_k.weight': expected the shape [32, 32] as the keys say, found F32 [16, 64]"},
    {"matrix_as_vector", [](G &g) { g.tensor("blk.0.attn_k.weight").dims = {1024}; }, "found F32 [1024]"},
    {"type_unread", [](G &g) { g.tensor("blk.0.attn_k.weight").type = 26; }, "expected a type of F32, F16, Q4_0, Q4_1"},
    {"vector_in_blocks",
     [](G &g) {
       g.tensor("output_norm.weight").type = 8;
       g.tensor("output_norm.weight").data.resize(34);
     },
     "tensor 'output_norm.weight': expected a vector of F32, F16 or BF16, found Q8_0 [32]"},
};

const Case tokenizerCases[] = {
    {"no_scores", [](G &g) { g.setText("tokenizer.ggml.model", "llama"); },
     "key 'tokenizer.ggml.scores': expected an array of 272"},
    {"scores_few",
     [](G &g) {
       g.setText("tokenizer.ggml.model", "llama");
       g.setList<float>("tokenizer.ggml.scores", G::F32, {1});
     },
     "key 'tokenizer.ggml.scores': expected an array of 272"},
    {"no_tokens", [](G &g) { g.remove("tokenizer.ggml.tokens"); },
     "'tokenizer.ggml.tokens': expected 1 to 272 strings"},
    {"tokens_numbers", [](G &g) { g.setList<uint32_t>("tokenizer.ggml.tokens", G::U32, {1}); },
     "found an array of 1 uint32"},
    {"tokens_many", [](G &g) { changeTokens(g, [](auto &tokens) { tokens.push_back("x"); }); },
     "found an array of 273"},
    {"types_few", [](G &g) { g.setList<int32_t>("tokenizer.ggml.token_type", G::I32, {1}); },
     "expected an array of 272"},
    {"no_merges", [](G &g) { g.remove("tokenizer.ggml.merges"); },
     "'tokenizer.ggml.merges': expected an array of strings"},
    {"merge_no_space", [](G &g) { g.setStrings("tokenizer.ggml.merges", {"ab"}); }, "expected two tokens with a space"},
    {"merge_spaces", [](G &g) { g.setStrings("tokenizer.ggml.merges", {"a b c"}); }, "found 'a b c'"},
    {"bos_past", [](G &g) { g.setU32("tokenizer.ggml.bos_token_id", 1000000); }, "expected an integer from 0 to 271"},
    {"bos_wanted", [](G &g) { g.setBool("tokenizer.ggml.add_bos_token", true); },
     "'tokenizer.ggml.bos_token_id': expected"},
    {"template_bytes", [](G &g) { g.setText("tokenizer.chat_template", "\xFF"); }, "expected UTF-8"},
    // Harmless; the weights serve without a tokenizer.
    {"model_unknown", [](G &g) { g.setText("tokenizer.ggml.model", "telepathy"); },
     "key 'tokenizer.ggml.model': expected gpt2, llama or t5, found 'telepathy'; the bundle works on token ids only\n"},
    {"pre_unknown", [](G &g) { g.setText("tokenizer.ggml.pre", "xyz"); },
     ", found 'xyz'; the bundle works on token ids only\n"},
    {"tokens_few", [](G &g) { changeTokens(g, [](auto &tokens) { tokens.resize(268); }); },
     "warning: 4 rows of token_embd.weight have no token\n"},
    {"token_twice", [](G &g) { changeTokens(g, [](auto &tokens) { tokens[9] = "t5"; }); },
     "warning: token 9 is the same as token 5; it is left out\n"},
    {"token_bytes", [](G &g) { changeTokens(g, [](auto &tokens) { tokens[9] = "\xFF\xFE"; }); },
     "warning: token 9 is not UTF-8; it is left out\n"},
    {"token_empty", [](G &g) { changeTokens(g, [](auto &tokens) { tokens[9] = ""; }); },
     "warning: token 9 is empty; it is left out\n"},
    {"merge_unknown",
     [](G &g) {
       g.setStrings("tokenizer.ggml.merges", {"zz qq", "a zz"});
     },
     "warning: 2 merges of tokens that are not there, such as 'zz qq'; they are left out\n"},
    {"no_pre", [](G &g) { g.remove("tokenizer.ggml.pre"); }, "warning: no key tokenizer.ggml.pre"},
    {"no_tokenizer", [](G &g) { g.remove("tokenizer.ggml.model"); }, "warning: it has no tokenizer\n"},
    {"odd_bytes", [](G &g) { g.tail = std::string(64, 'x'); }, "warning: 64 bytes behind the last tensor"},
};

class BadGgufModel : public testing::TestWithParam<Case> {};
class BadGgufTokenizer : public testing::TestWithParam<Case> {};

void check(const Case &bad) {
  GgufBuilder builder = makeGood();
  bad.change(builder);
  std::string text = resultOf(builder.bytes());
  EXPECT_NE(text.find(bad.message), text.npos) << text;
}

} // namespace

TEST_P(BadGgufModel, isRefused) { check(GetParam()); }
TEST_P(BadGgufTokenizer, isRefusedOrWarnedOf) { check(GetParam()); }

INSTANTIATE_TEST_SUITE_P(All, BadGgufModel, testing::ValuesIn(modelCases), caseName);
INSTANTIATE_TEST_SUITE_P(All, BadGgufTokenizer, testing::ValuesIn(tokenizerCases), caseName);

TEST(BadGguf, theUnchangedFileImports) { EXPECT_EQ(resultOf(makeGood().bytes()), ""); }

TEST(BadGguf, rotaryFactorsAreChecked) {
  GgufBuilder builder = makeLlama();
  builder.setText("llama.rope.scaling.type", "linear");
  builder.setF32("llama.rope.scaling.factor", 2);
  EXPECT_EQ(resultOf(builder.bytes()),
            "key 'llama.rope.scaling.type': expected 'none' beside a tensor 'rope_freqs.weight', found 'linear'");
  builder = makeLlama();
  builder.tensor("rope_freqs.weight").data.replace(4, 4, bytesOf(-1.f));
  EXPECT_EQ(resultOf(builder.bytes()), "tensor 'rope_freqs.weight': expected positive numbers, found -1");
  builder = makeLlama();
  builder.tensor("rope_freqs.weight").dims = {4};
  EXPECT_EQ(resultOf(builder.bytes()), "tensor 'rope_freqs.weight': expected F32 [8], found F32 [4]");
}

TEST(BadGguf, aCutFileLeavesNothing) {
  std::string bytes = makeGood().bytes();
  for (size_t size = 0; size < bytes.size() - 32; size += bytes.size() / 40)
    EXPECT_NE(resultOf(bytes.substr(0, size)), "");
}

TEST(BadGguf, theOutputMayNotHoldTheInput) {
  TemporaryFolder folder;
  std::ofstream(folder.path / "model.gguf", std::ios::binary) << makeGood().bytes();
  importGguf(folder.path / "model.gguf", folder.path / "bundle");
  fs::rename(folder.path / "model.gguf", folder.path / "bundle/model.gguf");
  EXPECT_THROW(importGguf(folder.path / "bundle/model.gguf", folder.path / "bundle"), Error);
  EXPECT_THROW(importGguf(folder.path / "absent.gguf", folder.path / "bundle"), Error);
  EXPECT_TRUE(isGguf(folder.path / "bundle/model.gguf"));
  EXPECT_FALSE(isGguf(folder.path / "bundle/config.json"));
  EXPECT_FALSE(isGguf(folder.path));
}
