//===- TokenizerFuzzer.cpp - fuzz target of tokenizer.json ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/Fuzz/Fuzz.h"

#include "xlstm/Runtime/Text/Tokenizer.h"

using namespace xlstm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Letters, digits, white space, marks that compose, a character of four bytes, special tokens of the families.
  static constexpr std::string_view text = "Hello  world's 12345\r\n\tna\u0308ive \u00e9\u4f60\u597d \U0001F600 "
                                           "<|endoftext|><|begin_of_text|> <|im_start|>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  return fuzz::expectError([&] {
    Tokenizer tokenizer = Tokenizer::parse(fuzz::textOf(data, size), "tokenizer.json");
    tokenizer.decode(tokenizer.encode(text, /*addSpecial=*/true), /*skipSpecial=*/false);
    tokenizer.decode(tokenizer.encode(text, /*addSpecial=*/false), /*skipSpecial=*/true);
    for (int32_t id = -1; id <= std::min(tokenizer.vocabSize(), 64); ++id)
      tokenizer.idOf(tokenizer.tokenBytes(id));
  });
}
