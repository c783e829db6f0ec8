//===- RecipeFuzzer.cpp - fuzz target of recipes -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "tools/xlstm/Recipe.h"

using namespace xlstm;

/// Paths of the recipes in the corpus are ".", for what they name must exist.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const fuzz::ScratchFolder scratch;
  return fuzz::expectError([&] { Recipe::read(scratch.write("recipe.yaml", fuzz::textOf(data, size))); });
}
