//===- OnnxFuzzer.cpp - fuzz target of ONNX files ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Import/Onnx.h"
#include "xlstm/Pipelines/Rewrite.h"

using namespace xlstm;

namespace {
/// With the external data that the models of the corpus name: a hole of 1 MiB.
struct OnnxFolder : fuzz::ScratchFolder {
  OnnxFolder() { std::filesystem::resize_file(write("weights.bin", ""), 1 << 20); }
};
} // namespace

/// The whole import: parse, check, raise, write the bundle.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const OnnxFolder scratch;
  return fuzz::expectError([&] {
    std::filesystem::path model = scratch.write("model.onnx", fuzz::textOf(data, size));
    OnnxModel::open(model).text();
    importOnnx(model, scratch.path() / "bundle", [](std::string_view module, const std::string &origin) {
      return rewriteModule(module, origin, "xlstm-raise-pipeline");
    });
  });
}
