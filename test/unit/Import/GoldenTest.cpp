//===- GoldenTest.cpp - imported teachers compute what transformers does --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Teachers.h"
#include "xlstm/Import/Import.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"

#include <ATen/ops/zeros.h>

#include <cmath>

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

class MixerOutputs : public EvalObserver {
public:
  void onMixerOutput(int64_t layer, const at::Tensor &h_BTC) override { outputs[layer] = h_BTC; }
  std::map<int64_t, at::Tensor> outputs;
};

double maxError(const at::Tensor &found, const StoredTensor &expected) {
  at::Tensor truth = toTensor(expected);
  EXPECT_EQ(found.sizes(), truth.sizes()) << expected.spec.name;
  return found.sizes() == truth.sizes() ? found.sub(truth).abs().max().item().toDouble() : INFINITY;
}

/// Imports `teacher`, runs @model on the golden file's ids and compares logits and every mixer output that is there.
void compare(const fs::path &teacher, const fs::path &goldenFile) {
  TemporaryFolder folder;
  importHuggingFace(teacher, folder.path / "bundle");
  Bundle bundle = Bundle::open(folder.path / "bundle");
  Program program = Program::load(bundle.modelFile());
  const FunctionSpec &model = program.function("model");

  SafetensorsFile golden = SafetensorsFile::open(goldenFile);
  at::Tensor ids_BT = toTensor(golden.get("input_ids"));
  MixerOutputs mixers;
  EvalOptions options;
  options.observer = &mixers;
  at::Tensor docs_BT = at::zeros(ids_BT.sizes(), at::kInt);
  at::Tensor logits_BTV = program.run("model", {ids_BT, docs_BT}, loadParams(model, bundle.weights), options).at(0);
  EXPECT_LT(maxError(logits_BTV, golden.get("logits")), 1e-4);

  int64_t numCompared = 0;
  for (const auto &[name, tensor] : golden.tensors())
    if (name.starts_with("attn_out.")) {
      EXPECT_LT(maxError(mixers.outputs.at(std::stoll(name.substr(9))), tensor), 1e-5) << name;
      ++numCompared;
    }
  EXPECT_GE(numCompared, 2);
}

class EveryTeacher : public testing::TestWithParam<std::string> {};

} // namespace

TEST_P(EveryTeacher, computesWhatTransformersDoes) {
  Json index = readJsonFile(XLSTM_TEST_INPUTS "/golden/INDEX.json");
  fs::path file = index.at(GetParam()).at("file").get<std::string>();
  compare(fs::path(XLSTM_TEST_INPUTS "/hf") / GetParam(), fs::path(XLSTM_TEST_INPUTS) / file);
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryTeacher, testing::ValuesIn(teacherNames()), testName);

TEST(Golden, tinyLlamaComputesWhatTransformersDoes) {
  compare(XLSTM_EXAMPLES "/tiny-llama", XLSTM_TEST_INPUTS "/golden/tiny-llama.safetensors");
}
