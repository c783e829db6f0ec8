//===- OnnxTest.cpp - ONNX files become the same teachers as HF folders ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Import/Onnx.h"
#include "OnnxFixtures.h"
#include "Teachers.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

std::string raiseModule(std::string_view module, const std::string &origin) {
  return rewriteModule(module, origin, "xlstm-raise-pipeline");
}

/// The ONNX file beside its teacher's configuration, as exporters leave them.
fs::path place(const OnnxFixture &fixture, const TemporaryFolder &folder) {
  fs::create_directory(folder.path / "model");
  for (const auto &entry : fs::directory_iterator(fs::path(XLSTM_TEST_INPUTS "/onnx") / fixture.file))
    fs::copy_file(entry.path(), folder.path / "model" / entry.path().filename());
  fs::copy_file(fs::path(XLSTM_TEST_INPUTS "/hf") / fixture.teacher / "config.json", folder.path / "model/config.json",
                fs::copy_options::overwrite_existing);
  return folder.path / "model/model.onnx";
}

void expectSameBundle(const fs::path &found, const fs::path &expected) {
  Bundle onnx = Bundle::open(found), hf = Bundle::open(expected);
  EXPECT_EQ(readTextFile(onnx.modelFile()), readTextFile(hf.modelFile()));
  ASSERT_EQ(onnx.weights.tensors().size(), hf.weights.tensors().size());
  for (const auto &[name, tensor] : hf.weights.tensors()) {
    const StoredTensor &other = onnx.weights.get(name);
    EXPECT_EQ(describe(other.spec), describe(tensor.spec)) << name;
    EXPECT_TRUE(std::ranges::equal(other.bytes, tensor.bytes)) << name << " differs";
  }
}

class EveryExport : public testing::TestWithParam<OnnxFixture> {};

} // namespace

TEST_P(EveryExport, raisesToTheModuleAndWeightsOfTheFolder) {
  TemporaryFolder folder;
  importOnnx(place(GetParam(), folder), folder.path / "onnx", raiseModule);
  importHuggingFace(fs::path(XLSTM_TEST_INPUTS "/hf") / GetParam().teacher, folder.path / "hf");
  expectSameBundle(folder.path / "onnx", folder.path / "hf");
}

INSTANTIATE_TEST_SUITE_P(Onnx, EveryExport, testing::ValuesIn(onnxFixtures), fixtureName);

TEST(Onnx, tinyLlamaIsNarrowedToTheFolderItself) {
  TemporaryFolder folder;
  importOnnx(XLSTM_EXAMPLES "/tiny-llama-onnx/model.onnx", folder.path / "onnx", raiseModule);
  importHuggingFace(XLSTM_EXAMPLES "/tiny-llama", folder.path / "hf");
  expectSameBundle(folder.path / "onnx", folder.path / "hf");
}

TEST(Onnx, aModelWithoutConfigurationSaysWhatItsLayersAre) {
  TemporaryFolder folder;
  importOnnx(XLSTM_TEST_INPUTS "/onnx/llama-dyn/model.onnx", folder.path / "onnx", raiseModule);
  std::string module = readTextFile(folder.path / "onnx/model.mlir");
  EXPECT_NE(module.find("attributes {family = \"llama\"}"), std::string::npos) << module.substr(0, 200);
}

TEST(Onnx, theRawModuleHasEveryNodeAndNoLargeTensor) {
  std::string text = OnnxModel::open(XLSTM_TEST_INPUTS "/onnx/llama-dyn/model.onnx").text();
  size_t products = 0;
  for (size_t at = text.find("onnx.MatMul "); at != std::string::npos; at = text.find("onnx.MatMul ", at + 1))
    ++products;
  EXPECT_EQ(products, 19u); // MANIFEST of the fixtures
  EXPECT_NE(text.find("onnx.initializer \"m.model.embed_tokens.weight\" {content = "), std::string::npos);
  EXPECT_NE(text.find("{onnx.name = \"input_ids\"}"), std::string::npos);
}

TEST(Onnx, theOutputIsLeftAsItIsWhenItIsNoBundle) {
  TemporaryFolder folder;
  writeTextFile(folder.path / "notes.txt", "mine");
  EXPECT_THROW(importOnnx(XLSTM_TEST_INPUTS "/onnx/llama-dyn/model.onnx", folder.path, raiseModule), Error);
  EXPECT_EQ(readTextFile(folder.path / "notes.txt"), "mine");
}
