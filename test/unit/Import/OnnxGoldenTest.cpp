//===- OnnxGoldenTest.cpp - raised teachers compute what transformers does ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LogitsError.h"
#include "OnnxFixtures.h"
#include "Teachers.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// Imports the file and compares its logits.
double importedError(const fs::path &model, const fs::path &goldenFile) {
  TemporaryFolder folder;
  importOnnx(model, folder.path / "bundle", [](std::string_view module, const std::string &origin) {
    return rewriteModule(module, origin, "xlstm-raise-pipeline");
  });
  return logitsError(folder.path / "bundle", goldenFile);
}

class EveryReport : public testing::TestWithParam<std::string> {};
class EveryExport : public testing::TestWithParam<OnnxFixture> {};

} // namespace

TEST_P(EveryExport, computesWhatTransformersDoes) {
  fs::path golden = fs::path(XLSTM_TEST_INPUTS "/golden") / (std::string(GetParam().teacher) + ".safetensors");
  EXPECT_LT(importedError(fs::path(XLSTM_TEST_INPUTS "/onnx") / GetParam().file / "model.onnx", golden), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Onnx, EveryExport, testing::ValuesIn(onnxFixtures), fixtureName);

TEST(OnnxGolden, tinyLlamaComputesWhatTransformersDoes) {
  EXPECT_LT(
      importedError(XLSTM_EXAMPLES "/tiny-llama-onnx/model.onnx", XLSTM_TEST_INPUTS "/golden/tiny-llama.safetensors"),
      1e-4);
}

// Quantised weights and fused nodes as onnxruntime computes them; heads that see one position, at every position.
TEST_P(EveryReport, computesWhatItsToolDoes) {
  fs::path reports = XLSTM_TEST_INPUTS "/reports";
  EXPECT_LT(
      importedError(reports / "onnx" / (GetParam() + ".onnx"), reports / "golden" / (GetParam() + ".safetensors")),
      1e-4);
}

INSTANTIATE_TEST_SUITE_P(Onnx, EveryReport,
                         testing::Values("head-slice", "head-gather", "head-mask", "head-norm", "head-logits",
                                         "dequantise", "nbits", "optimised"),
                         testName);
