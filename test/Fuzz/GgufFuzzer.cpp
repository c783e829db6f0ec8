//===- GgufFuzzer.cpp - fuzz target of GGUF files ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Import/Gguf.h"

using namespace xlstm;

/// The whole import. Files of the corpus end behind the list of tensors; a hole stands for what these hold.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz::ScratchFolder scratch;
  constexpr size_t hole = 1 << 19;
  return fuzz::expectError([&] {
    std::filesystem::path file = scratch.write("model.gguf", fuzz::textOf(data, size));
    std::filesystem::resize_file(file, size + hole);
    importGguf(file, scratch.path() / "bundle");
  });
}
