//===- OnnxFixtures.h - the ONNX files under test/Inputs ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_IMPORT_ONNXFIXTURES_H
#define TEST_UNIT_IMPORT_ONNXFIXTURES_H

#include "gtest/gtest.h"

#include <algorithm>
#include <string>

namespace xlstm {

/// A folder of test/Inputs/onnx and the teacher of test/Inputs/hf that it was exported from.
struct OnnxFixture {
  const char *file, *teacher;
};

inline constexpr OnnxFixture onnxFixtures[] = {
    {"llama-dyn", "llama-31"},         // torch dynamo, opset 20, sdpa
    {"llama-dyn18", "llama-31"},       // eager attention
    {"llama-dyn18static", "llama-31"}, // batch 2, 37 tokens
    {"llama-dyn23", "llama-31"},       // operators Attention, RMSNormalization, RotaryEmbedding
    {"llama-dyn24", "llama-31"},       //
    {"llama-ts17", "llama-31"},        // TorchScript, attention_mask
    {"qwen3-tf5ort", "qwen3-tied"},    // transformers' exporter, onnxruntime's fused nodes, data beside the file
};

inline void PrintTo(const OnnxFixture &fixture, std::ostream *out) { *out << fixture.file; }

inline std::string fixtureName(const testing::TestParamInfo<OnnxFixture> &info) {
  std::string name = info.param.file;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

} // namespace xlstm

#endif // TEST_UNIT_IMPORT_ONNXFIXTURES_H
