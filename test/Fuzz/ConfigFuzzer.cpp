//===- ConfigFuzzer.cpp - fuzz target of config.json ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "dialects/LM/LMDialect.h"
#include "lib/Import/HuggingFace/ModelBuilder.h"

#include "mlir/IR/Verifier.h"

#include <nlohmann/json.hpp>

using namespace xlstm;

/// Writes the tensors that the configuration asks for: a header, and a hole of the file for the data.
static void writeWeights(const std::vector<TensorSpec> &specs, uint64_t size, const fuzz::ScratchFolder &folder) {
  nlohmann::json header;
  uint64_t at = 0;
  for (const TensorSpec &spec : specs) {
    header[spec.name] = {{"dtype", "F32"}, {"shape", spec.shape}, {"data_offsets", {at, at + spec.numBytes()}}};
    at += spec.numBytes();
  }
  std::string text = header.dump();
  uint64_t length = text.size();
  text.insert(0, reinterpret_cast<const char *>(&length), sizeof length);
  std::filesystem::resize_file(folder.write("model.safetensors", text), text.size() + size);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz::ScratchFolder scratch;
  constexpr size_t mostLayers = 8;
  constexpr uint64_t mostBytes = uint64_t{1} << 30;
  return fuzz::expectError([&] {
    TeacherConfig config = readTeacherConfig(scratch.write("config.json", fuzz::textOf(data, size)));
    std::vector<TensorSpec> specs = expectedTensors(config);
    uint64_t bytes = 0;
    for (const TensorSpec &spec : specs) {
      bytes += spec.numBytes();
      if (bytes > mostBytes || config.layers.size() > mostLayers)
        return; // read and checked, but larger than a harness should write
    }
    writeWeights(specs, bytes, scratch);
    WeightFiles weights = WeightFiles::open(scratch.path());
    fitCheckpoint(config, weights);
    checkWeights(config, weights);
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    context.loadDialect<lm::LMDialect>();
    mlir::OwningOpRef<mlir::ModuleOp> module = buildTeacherModule(context, config, weights);
    if (failed(mlir::verify(*module)))
      fail("config.json: the module does not verify");
  });
}
