//===- AdapterTest.cpp - adapters and odd checkpoints against their tools -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LogitsError.h"
#include "Teachers.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <functional>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path reports = XLSTM_TEST_INPUTS "/reports";

fs::path adapter(const std::string &name) { return reports / "adapters" / name; }

/// The base that an adapter names.
fs::path baseOf(const std::string &name) {
  Json config = readJsonFile(adapter(name) / "adapter_config.json");
  return reports / "hf" / config.at("base_model_name_or_path").get<std::string>();
}

std::string errorOf(const std::function<void()> &run) {
  try {
    run();
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

/// What an adapter is refused for when a value of its configuration is another, or one of its tensors has another name.
std::string errorWith(const std::string &name, const std::string &key, const Json &value,
                      const std::map<std::string, std::string> &renamed = {}) {
  TemporaryFolder folder;
  Json config = readJsonFile(adapter(name) / "adapter_config.json");
  config[key] = value;
  writeTextFile(folder.path / "adapter_config.json", config.dump());
  SafetensorsFile tensors = SafetensorsFile::open(adapter(name) / "adapter_model.safetensors");
  std::vector<StoredTensor> all;
  std::vector<TensorSpec> specs;
  for (auto [tensorName, tensor] : tensors.tensors()) {
    if (auto found = renamed.find(tensorName); found != renamed.end())
      tensor.spec.name = found->second;
    all.push_back(tensor);
    specs.push_back(tensor.spec);
  }
  SafetensorsWriter writer(folder.path / "adapter_model.safetensors", specs);
  for (const StoredTensor &tensor : all)
    writer.append(tensor.bytes);
  writer.commit();
  return errorOf([&] { importAdapter(folder.path, baseOf(name), folder.path / "out"); });
}

class EveryAdapter : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryAdapter, isMergedAsPeftDoes) {
  TemporaryFolder folder;
  importAdapter(adapter(GetParam()), baseOf(GetParam()), folder.path / "out");
  EXPECT_LT(logitsError(folder.path / "out", reports / ("golden/adapter-" + GetParam() + ".safetensors")), 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Adapter, EveryAdapter,
                         testing::Values("plain", "fan", "patterns", "biases", "embedding", "head", "saved-embedding"),
                         testName);

TEST(Adapter, withoutItsBaseIsNoModel) {
  EXPECT_EQ(errorOf([] { importHuggingFace(adapter("plain"), "/nowhere/out"); }),
            adapter("plain").string() +
                ": a LoRA adapter of 'base-untied-bfloat16', not a model; give the model that it was trained on: xlstm "
                "import " +
                adapter("plain").string() + " --base MODEL -o OUT");
  EXPECT_NE(errorOf([] {
              importAdapter(reports / "hf/tied-two-tables", baseOf("plain"), "/nowhere/out");
            }).find("expected a LoRA adapter"),
            std::string::npos);
}

TEST(Adapter, whatIsNoPlainSumIsRefusedByName) {
  auto expect = [](const std::string &found, const std::string &part) {
    EXPECT_NE(found.find(part), std::string::npos) << found;
    EXPECT_EQ(found.find('\n'), std::string::npos) << found;
  };
  expect(errorOf([] { importAdapter(adapter("dora"), baseOf("dora"), "/nowhere/out"); }), "'use_dora': expected false");
  expect(errorWith("dora", "use_dora", false), "lora_magnitude_vector' (DoRA)");
  expect(errorWith("plain", "peft_type", "LOHA"), "'peft_type': expected 'LORA'");
  expect(errorWith("plain", "init_lora_weights", "pissa"), "'init_lora_weights': expected true, false");
  expect(errorWith("plain", "layer_replication", Json::array({Json::array({0, 1})})),
         "'layer_replication': expected none");
  expect(errorWith("plain", "target_parameters", Json::array({"experts.w"})), "'target_parameters': expected none");
  expect(errorWith("plain", "use_something_new", true), "'use_something_new': expected none");
  expect(errorWith("plain", "r", 8), "expected rank 8 of 'model.layers.0.mlp.down_proj', found 4 rows of lora_A");
  expect(errorWith("plain", "alpha_pattern", {{"(", 1}}), "'alpha_pattern': expected a regular expression, found '('");
  expect(errorWith("plain", "alpha_pattern", {{"q_proj", 1}, {".*_proj", 2}}), "expected one value for");
}

TEST(Adapter, itsTensorsMustFitTheBase) {
  const std::string a = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
  auto with = [&](const std::string &other) { return errorWith("plain", "r", 4, {{a, other}}); };
  EXPECT_NE(with("base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight").find("expected lora_A and lora_B"),
            std::string::npos);
  EXPECT_NE(with("base_model.model.transformer.wte.weight").find("the base has no 'transformer.wte.weight'"),
            std::string::npos);
  EXPECT_NE(with("base_model.model.model.norm.weight").find("expected the shape of the base's, BF16 [16]"),
            std::string::npos)
      << with("base_model.model.model.norm.weight");
  EXPECT_NE(with("base_model.model.model.norm.lora_C.weight").find("found another part"), std::string::npos);
}

TEST(Checkpoint, aHeadThatDiffersFromItsTiedEmbeddingIsRead) {
  TemporaryFolder folder;
  std::vector<std::string> warnings = importHuggingFace(reports / "hf/tied-two-tables", folder.path / "out");
  ASSERT_EQ(warnings.size(), 2u); // it has no tokenizer either
  EXPECT_NE(warnings[0].find("'lm_head.weight' differs from 'model.embed_tokens.weight'"), std::string::npos);
  EXPECT_LT(logitsError(folder.path / "out", reports / "golden/tied-two-tables.safetensors"), 1e-4);
}
