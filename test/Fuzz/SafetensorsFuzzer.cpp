//===- SafetensorsFuzzer.cpp - fuzz target of safetensors files ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Runtime/Files/Safetensors.h"

using namespace xlstm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz::ScratchFolder scratch;
  return fuzz::expectError([&] {
    SafetensorsFile file = SafetensorsFile::open(scratch.write("model.safetensors", fuzz::textOf(data, size)));
    volatile unsigned sum = 0; // every byte of every view is there
    for (const auto &[name, tensor] : file.tensors()) {
      describe(tensor.spec);
      for (std::byte byte : tensor.bytes)
        sum = sum + unsigned(byte);
    }
  });
}
