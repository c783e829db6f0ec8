//===- MlirFuzzer.cpp - fuzz target of modules, as text or as bytecode ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Pipelines/Rewrite.h"

using namespace xlstm;

/// Parses and verifies a module, then derives every function of a student from its @model.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz::expectError([&] {
    std::string module = rewriteModule(fuzz::textOf(data, size), "model.mlir", "canonicalize,cse");
    rewriteModule(module, "canonical.mlir", "xlstm-student-pipeline{window=4 sinks=1}");
  });
}
