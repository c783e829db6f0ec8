//===- LogitsError.h - how far a bundle is from a golden file -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_IMPORT_LOGITSERROR_H
#define TEST_UNIT_IMPORT_LOGITSERROR_H

#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Bundle.h"

#include "gtest/gtest.h"

#include <ATen/ops/zeros.h>

#include <cmath>

namespace xlstm {

/// Runs @model of a bundle on the golden ids and returns the largest difference of its logits.
inline double logitsError(const std::filesystem::path &bundleFolder, const std::filesystem::path &goldenFile) {
  Bundle bundle = Bundle::open(bundleFolder);
  Program program = Program::load(bundle.modelFile());
  SafetensorsFile golden = SafetensorsFile::open(goldenFile);
  at::Tensor ids_BT = toTensor(golden.get("input_ids"));
  at::Tensor docs_BT = at::zeros(ids_BT.sizes(), at::kInt);
  ParamMap params = loadParams(program.function("model"), bundle.weights);
  at::Tensor logits_BTV = program.run("model", {ids_BT, docs_BT}, params).at(0);
  at::Tensor truth_BTV = toTensor(golden.get("logits"));
  EXPECT_EQ(logits_BTV.sizes(), truth_BTV.sizes());
  bool fits = logits_BTV.sizes() == truth_BTV.sizes();
  return fits ? logits_BTV.sub(truth_BTV).abs().max().item().toDouble() : INFINITY;
}

} // namespace xlstm

#endif // TEST_UNIT_IMPORT_LOGITSERROR_H
