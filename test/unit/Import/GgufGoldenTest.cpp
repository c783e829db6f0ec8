//===- GgufGoldenTest.cpp - quantised teachers compute what they should ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files were written by gguf-py; what is expected, by transformers in float32 with the weights that gguf-py
// dequantises.

#include "Teachers.h"
#include "xlstm/Import/Gguf.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include <ATen/ops/zeros.h>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {
class EveryGguf : public testing::TestWithParam<std::string> {};
} // namespace

TEST_P(EveryGguf, computesWhatItsDequantisedWeightsDo) {
  TemporaryFolder folder;
  importGguf(fs::path(XLSTM_TEST_INPUTS "/gguf") / (GetParam() + ".gguf"), folder.path / "bundle");
  Bundle bundle = Bundle::open(folder.path / "bundle");
  Program program = Program::load(bundle.modelFile());
  SafetensorsFile golden =
      SafetensorsFile::open(fs::path(XLSTM_TEST_INPUTS "/golden") / ("gguf-" + GetParam() + ".safetensors"));
  at::Tensor ids_BT = toTensor(golden.get("input_ids")), truth_BTV = toTensor(golden.get("logits"));
  ParamMap params = loadParams(program.function("model"), bundle.weights);
  at::Tensor logits_BTV = program.run("model", {ids_BT, at::zeros(ids_BT.sizes(), at::kInt)}, params).at(0);
  ASSERT_EQ(logits_BTV.sizes(), truth_BTV.sizes());
  EXPECT_LT(logits_BTV.sub(truth_BTV).abs().max().item().toDouble(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Gguf, EveryGguf, testing::Values("llama-31-q4_1", "qwen3-tied-q8_0"), testName);
