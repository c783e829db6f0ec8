//===- GgufTest.cpp - GGUF files become the bundles that folders become ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Gguf.h"

#include "GgufTeacher.h"
#include "Teachers.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Text/Tokenizer.h"

#include <fstream>

using namespace xlstm;
using namespace xlstm::test;
using G = GgufBuilder;
using Ids = std::vector<int32_t>;
namespace fs = std::filesystem;

namespace {

const fs::path inputs = XLSTM_TEST_INPUTS;

class GgufImport : public testing::Test {
protected:
  /// Imports the file; the bundle is then at folder.path / "bundle".
  std::vector<std::string> import(const GgufBuilder &builder) {
    fs::path file = folder.path / "model.gguf";
    std::ofstream(file, std::ios::binary) << builder.bytes();
    return importGguf(file, bundle());
  }
  fs::path bundle() const { return folder.path / "bundle"; }
  std::string module() const { return readTextFile(bundle() / "model.mlir"); }
  Json config() const { return readJsonFile(bundle() / "config.json"); }
  StoredTensor weight(const std::string &name) const { return WeightFiles::open(bundle()).get(name); }

  TemporaryFolder folder;
};

void expectSameWeights(const fs::path &found, const fs::path &expected) {
  WeightFiles ours = WeightFiles::open(found), theirs = WeightFiles::open(expected);
  EXPECT_EQ(ours.tensors().size(), theirs.tensors().size());
  for (const auto &[name, tensor] : theirs.tensors()) {
    const StoredTensor &other = ours.get(name);
    EXPECT_EQ(describe(other.spec), describe(tensor.spec)) << name;
    EXPECT_TRUE(std::ranges::equal(other.bytes, tensor.bytes)) << name;
  }
}

class GgufTeachers : public GgufImport, public testing::WithParamInterface<std::string> {};

} // namespace

TEST_P(GgufTeachers, giveTheBundleOfTheirFolder) {
  fs::path teacher = inputs / "hf" / GetParam();
  EXPECT_EQ(import(ggufOfTeacher(teacher)).size(), 0u);
  importHuggingFace(teacher, folder.path / "expected");
  EXPECT_EQ(module(), readTextFile(folder.path / "expected/model.mlir"));
  expectSameWeights(bundle(), folder.path / "expected");
  // What is carried along describes the same teacher.
  fs::copy(bundle(), folder.path / "folder");
  importHuggingFace(folder.path / "folder", folder.path / "again");
  EXPECT_EQ(readTextFile(folder.path / "again/model.mlir"), module());
  EXPECT_EQ(readJsonFile(bundle() / "generation_config.json")["eos_token_id"],
            readJsonFile(teacher / "config.json")["eos_token_id"]);
}

TEST_P(GgufTeachers, keepTheirTokenizer) {
  for (const Json &entry : readJsonFile(inputs / "text/teachers.json")) {
    if (entry["teacher"] != GetParam())
      continue;
    import(ggufOfTeacher(inputs / "hf" / GetParam()));
    Tokenizer tokenizer = Tokenizer::load(bundle() / "tokenizer.json");
    for (const Json &row : entry["rows"]) {
      SCOPED_TRACE(row["text"].dump());
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), false), row["ids"].get<Ids>());
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), true), row["ids_special"].get<Ids>());
      EXPECT_EQ(tokenizer.decode(row["ids"].get<Ids>(), false), row["decode"].get<std::string>());
      EXPECT_EQ(tokenizer.decode(row["ids_special"].get<Ids>(), true), row["decode_skip"].get<std::string>());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GgufTeachers, testing::ValuesIn(teacherNames()), testName);

TEST_F(GgufImport, qkvInOneTensorAreTakenApart) {
  fs::path teacher = inputs / "hf/llama-bias";
  GgufBuilder builder = ggufOfTeacher(teacher);
  for (const char *layer : {"blk.0.", "blk.1."})
    for (const char *kind : {".weight", ".bias"}) {
      GgufBuilder::Tensor joined = builder.tensor(std::string(layer) + "attn_q" + kind);
      joined.name = sized(std::string(layer) + "attn_qkv" + kind);
      for (const char *part : {"attn_k", "attn_v"}) {
        joined.dims.back() += builder.tensor(layer + std::string(part) + kind).dims.back();
        joined.data += builder.tensor(layer + std::string(part) + kind).data;
      }
      for (const char *part : {"attn_q", "attn_k", "attn_v"})
        builder.removeTensor(layer + std::string(part) + kind);
      builder.tensors.push_back(joined);
    }
  import(builder);
  importHuggingFace(teacher, folder.path / "expected");
  EXPECT_EQ(module(), readTextFile(folder.path / "expected/model.mlir"));
  expectSameWeights(bundle(), folder.path / "expected");
}

TEST_F(GgufImport, factorsThatNoRuleExplainsAreKept) {
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/llama-31");
  std::string data;
  for (float factor : {1.f, 1.5f, 2.f, 1.25f, 3.f, 7.f, 5.f, 8.f})
    data += bytesOf(factor);
  builder.tensor("rope_freqs.weight").data = data;
  import(builder);
  EXPECT_EQ(config()["rope_scaling"]["rope_type"], "longrope");
  EXPECT_EQ(config()["rope_scaling"]["long_factor"][3], 1.25);
  // 500000^(-2/16) / 1.5 and 500000^(-14/16) / 8
  EXPECT_NE(module().find("[1.00000000e+00, 1.2928"), std::string::npos) << module();
  EXPECT_NE(module().find(", 1.2891"), std::string::npos) << module();
}

TEST_F(GgufImport, headsMayBeGivenLayerByLayer) {
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/qwen3-tied");
  import(builder);
  std::string expected = module();
  builder.setList<int32_t>("qwen3.attention.head_count_kv", G::I32, {2, 2});
  import(builder);
  EXPECT_EQ(module(), expected);
}

// Every fourth layer is full, by a number, and by the family's own where nothing says it.
TEST_F(GgufImport, slidingLayersMayBeGivenByTheirPeriod) {
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/olmo3-yarn");
  import(builder);
  std::string expected = module();
  const std::string pattern = "olmo2.attention.sliding_window_pattern";
  builder.remove(pattern);
  import(builder);
  EXPECT_EQ(module(), expected);
  builder.setU32(pattern, 4);
  import(builder);
  EXPECT_EQ(module(), expected);
  builder.setU32(pattern, 2);
  import(builder);
  EXPECT_EQ(config()["layer_types"],
            Json({"sliding_attention", "full_attention", "sliding_attention", "full_attention"}));
}

TEST_F(GgufImport, aLlamaWithBiasesOfQkvAloneIsOfAnotherFamily) {
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/llama-bias");
  for (const char *name : {"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias"})
    for (const char *layer : {"blk.0.", "blk.1."})
      builder.removeTensor(layer + std::string(name));
  import(builder);
  EXPECT_EQ(config()["model_type"], "qwen2");
  StoredTensor expected = WeightFiles::open(inputs / "hf/llama-bias").get("model.layers.1.self_attn.k_proj.bias");
  EXPECT_TRUE(std::ranges::equal(weight("model.layers.1.self_attn.k_proj.bias").bytes, expected.bytes));
}

TEST_F(GgufImport, chatTemplateAndSpecialTokensTravel) {
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/qwen2-tied");
  builder.setText("tokenizer.chat_template", "{{ messages[0]['content'] }}\n");
  builder.setU32("tokenizer.ggml.bos_token_id", 264);
  builder.setU32("tokenizer.ggml.eos_token_id", 266);
  builder.setU32("tokenizer.ggml.eot_token_id", 264);
  builder.setBool("tokenizer.ggml.add_eos_token", true);
  import(builder);
  EXPECT_EQ(readTextFile(bundle() / "chat_template.jinja"), "{{ messages[0]['content'] }}\n");
  EXPECT_EQ(readJsonFile(bundle() / "generation_config.json").dump(),
            R"({"bos_token_id":264,"eos_token_id":[266,264]})");
  EXPECT_EQ(config()["eos_token_id"].dump(), "[266,264]");
  EXPECT_EQ(readJsonFile(bundle() / "tokenizer_config.json")["eos_token"], "<|im_end|>");
  EXPECT_EQ(Tokenizer::load(bundle() / "tokenizer.json").encode("a", true).back(), 266);
}

class GgufStyles : public GgufImport, public testing::WithParamInterface<std::string> {};

TEST_P(GgufStyles, splitTextAsThePackageDoes) {
  fs::path style = inputs / "text" / GetParam();
  Json json = readJsonFile(style / "tokenizer.json");
  int64_t vocabSize = static_cast<int64_t>(json["model"]["vocab"].size()) + 2;
  GgufBuilder builder = ggufOfTeacher(inputs / "hf/smollm-tied");
  addTokenizer(builder, style / "tokenizer.json", vocabSize);
  builder.setU32("tokenizer.ggml.eos_token_id", 0);
  builder.setU32("llama.vocab_size", uint32_t(vocabSize));
  GgufBuilder::Tensor &table = builder.tensor("token_embd.weight");
  table.data.resize(table.dims[0] * vocabSize * 4);
  table.dims[1] = vocabSize;
  import(builder);
  Tokenizer tokenizer = Tokenizer::load(bundle() / "tokenizer.json");
  for (const Json &row : readJsonFile(style / "golden.json")) {
    SCOPED_TRACE(row["text"].dump());
    EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), false), row["ids"].get<Ids>());
    EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), true), row["ids_special"].get<Ids>());
  }
}

INSTANTIATE_TEST_SUITE_P(All, GgufStyles, testing::Values("llama3", "qwen2", "gpt2", "smollm"));
