//===- ExportTest.cpp - bundles become Hugging Face folders ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Export.h"

#include "Teachers.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Files/AtomicFile.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

const fs::path teachers = XLSTM_TEST_INPUTS "/hf";

void expectSameTensors(const WeightFiles &left, const WeightFiles &right) {
  ASSERT_EQ(left.tensors().size(), right.tensors().size());
  for (const auto &[name, tensor] : left.tensors()) {
    ASSERT_NE(right.find(name), nullptr) << name;
    EXPECT_EQ(describe(tensor.spec), describe(right.get(name).spec)) << name;
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, right.get(name).bytes)) << name;
  }
}

std::string errorOf(const fs::path &bundle, const fs::path &output) {
  try {
    exportHuggingFace(bundle, output);
  } catch (const Error &error) {
    return error.what();
  }
  return "no error";
}

class EveryExport : public testing::TestWithParam<std::string> {
protected:
  EveryExport() : teacher(teachers / GetParam()) { importHuggingFace(teacher, bundle); }
  void expectRoundTrip() {
    exportHuggingFace(bundle, folder.path / "exported");
    importHuggingFace(folder.path / "exported", folder.path / "again");
    EXPECT_EQ(readTextFile(bundle / "model.mlir"), readTextFile(folder.path / "again/model.mlir"));
    expectSameTensors(Bundle::open(bundle).weights, WeightFiles::open(folder.path / "exported"));
  }

  TemporaryFolder folder;
  fs::path teacher, bundle = folder.path / "bundle";
};

} // namespace

TEST_P(EveryExport, comesBackAsItWas) {
  expectRoundTrip();
  for (const char *name : {"tokenizer.json", "tokenizer_config.json", "generation_config.json"})
    EXPECT_EQ(readTextFile(folder.path / "exported" / name), readTextFile(teacher / name));
  Json before = readJsonFile(teacher / "config.json"), after = readJsonFile(folder.path / "exported/config.json");
  for (const char *key : {"bos_token_id", "eos_token_id", "architectures", "tie_word_embeddings"})
    EXPECT_EQ(after.value(key, Json()), before.value(key, Json())) << key;
}

/// What was imported from ONNX has no config.json.
TEST_P(EveryExport, comesBackWithoutAConfiguration) {
  fs::remove(bundle / "config.json");
  recordBundle(bundle);
  expectRoundTrip();
}

INSTANTIATE_TEST_SUITE_P(Export, EveryExport, testing::ValuesIn(teacherNames()), testName);

TEST(Export, largeWeightsAreSplitIntoShards) {
  TemporaryFolder folder;
  importHuggingFace(teachers / "smollm-tied", folder.path / "bundle");
  ExportOptions options;
  options.maxShardBytes = 100000;
  exportHuggingFace(folder.path / "bundle", folder.path / "out", options);
  EXPECT_FALSE(fs::exists(folder.path / "out/model.safetensors"));
  Json index = readJsonFile(folder.path / "out/model.safetensors.index.json");
  WeightFiles weights = WeightFiles::open(folder.path / "out");
  expectSameTensors(WeightFiles::open(teachers / "smollm-tied"), weights);
  uint64_t total = 0;
  std::map<fs::path, uint64_t> shards;
  for (const auto &[name, tensor] : weights.tensors()) {
    total += tensor.bytes.size();
    shards[tensor.file->path()] += tensor.bytes.size();
    EXPECT_EQ(index["weight_map"][name], tensor.file->path().filename().string());
  }
  EXPECT_EQ(index["metadata"]["total_size"], total);
  EXPECT_GT(shards.size(), 2u);
  for (const auto &[path, bytes] : shards)
    EXPECT_LE(bytes, 100000u) << path;
}

TEST(Export, aModuleOfNoFamilyIsRefused) {
  TemporaryFolder folder;
  fs::path bundle = folder.path / "bundle", model = bundle / "model.mlir";
  importHuggingFace(teachers / "llama-31", bundle);
  auto writeModule = [&](const std::string &module) {
    writeTextFile(model, module);
    recordBundle(bundle);
  };
  std::string text = readTextFile(model);
  // A window in one layer: Llama has none, Mistral has it in all.
  std::string changed = text;
  size_t at = changed.find("{scale = 2.500000e-01 : f64}");
  ASSERT_NE(at, std::string::npos);
  changed.insert(changed.find('}', at), ", window = 8 : i64");
  writeModule(changed);
  EXPECT_NE(errorOf(bundle, folder.path / "out").find("found a module that differs from all of them"),
            std::string::npos);
  // In both: a Mistral, although the module calls itself a llama.
  at = changed.rfind("{scale = 2.500000e-01 : f64}");
  changed.insert(changed.find('}', at), ", window = 8 : i64");
  writeModule(changed);
  EXPECT_EQ(errorOf(bundle, folder.path / "out"), "no error");
  EXPECT_EQ(readJsonFile(folder.path / "out/config.json")["model_type"], "mistral");
  // No residual in the first block.
  changed = text;
  at = changed.find("lm.add %arg2, ");
  changed.replace(at, 13, "lm.add %11, "); // the norm's weight is no activation: does not even parse
  writeModule(changed);
  EXPECT_EQ(errorOf(bundle, folder.path / "out2").find(model.string() + ": expected a module with the lm.model"), 0u);
  EXPECT_FALSE(fs::exists(folder.path / "out2"));
}

TEST(Export, fullFoldersAreRefused) {
  TemporaryFolder folder;
  fs::path bundle = folder.path / "bundle";
  importHuggingFace(teachers / "llama-31", bundle);
  fs::create_directory(folder.path / "full");
  writeTextFile(folder.path / "full/letter", "dear");
  EXPECT_EQ(errorOf(bundle, folder.path / "full"),
            (folder.path / "full").string() +
                ": cannot be written: expected an empty folder or none, found files");
}
