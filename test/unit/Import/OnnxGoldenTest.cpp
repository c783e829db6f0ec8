//===- OnnxGoldenTest.cpp - raised teachers compute what transformers does ===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "OnnxFixtures.h"
#include "Teachers.h"
#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include <ATen/ops/zeros.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// Raises the file, runs @model on the golden ids and returns the largest difference of its logits.
double logitsError(const fs::path &model, const fs::path &goldenFile) {
  TemporaryFolder folder;
  importOnnx(model, folder.path / "bundle", [](std::string_view module, const std::string &origin) {
    return rewriteModule(module, origin, "xlstm-raise-pipeline");
  });
  Bundle bundle = Bundle::open(folder.path / "bundle");
  Program program = Program::load(bundle.modelFile());
  SafetensorsFile golden = SafetensorsFile::open(goldenFile);
  at::Tensor ids_BT = toTensor(golden.get("input_ids"));
  at::Tensor docs_BT = at::zeros(ids_BT.sizes(), at::kInt);
  ParamMap params = loadParams(program.function("model"), bundle.weights);
  at::Tensor logits_BTV = program.run("model", {ids_BT, docs_BT}, params).at(0);
  at::Tensor truth_BTV = toTensor(golden.get("logits"));
  EXPECT_EQ(logits_BTV.sizes(), truth_BTV.sizes());
  return logits_BTV.sub(truth_BTV).abs().max().item().toDouble();
}

class EveryExport : public testing::TestWithParam<OnnxFixture> {};

} // namespace

TEST_P(EveryExport, computesWhatTransformersDoes) {
  fs::path golden = fs::path(XLSTM_TEST_INPUTS "/golden") / (std::string(GetParam().teacher) + ".safetensors");
  EXPECT_LT(logitsError(fs::path(XLSTM_TEST_INPUTS "/onnx") / GetParam().file / "model.onnx", golden), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Onnx, EveryExport, testing::ValuesIn(onnxFixtures), fixtureName);

TEST(OnnxGolden, tinyLlamaComputesWhatTransformersDoes) {
  EXPECT_LT(
      logitsError(XLSTM_EXAMPLES "/tiny-llama-onnx/model.onnx", XLSTM_TEST_INPUTS "/golden/tiny-llama.safetensors"),
      1e-4);
}
