//===- PreTokenizers.cpp - how llama.cpp's names of them split text -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The names are those of llama.cpp's llama-vocab.cpp (llama_vocab::impl::load), the regexes those of the tokenizer.json
// files that the names stand for, as that file's comments quote them.

#include "lib/Import/Gguf/PreTokenizers.h"

#include <algorithm>

using namespace xlstm;
using namespace xlstm::gguf;

// A contraction; a word with what stands before it; digits; signs; line ends; spaces. They differ in digits.
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define WORD "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define SIGNS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

static constexpr std::string_view threeDigits = CONTRACTION "|" WORD "|\\p{N}{1,3}|" SIGNS "|" SPACES;
static constexpr std::string_view oneDigit = CONTRACTION "|" WORD "|\\p{N}|" SIGNS "|" SPACES;

// Words in which capitals stand first (Mistral's tekken, OpenAI's o200k).
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALL "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE "[^\\r\\n\\p{L}\\p{N}]?"
#define SIGNS_SLASH " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"

static constexpr std::string_view tekken =
    BEFORE CAPITALS "*" SMALL "+|" BEFORE CAPITALS "+" SMALL "*|\\p{N}|" SIGNS_SLASH "|" SPACES;
static constexpr std::string_view o200k = BEFORE CAPITALS "*" SMALL "+" CONTRACTION "?|" BEFORE CAPITALS "+" SMALL
                                                          "*" CONTRACTION "?|\\p{N}{1,3}|" SIGNS_SLASH "|" SPACES;

static constexpr std::string_view gpt2Words =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

static const std::vector<PreTokenizer> &preTokenizers() {
  static const std::vector<PreTokenizer> all = {
      {.names = {"llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"},
       .splits = {threeDigits},
       .ignoreMerges = true,
       .addBos = true},
      {.names = {"dbrx", "smaug-bpe"}, .splits = {threeDigits}}, // OLMo 2 and 3 among them
      {.names = {"qwen2", "deepseek-r1-qwen", "megrez"}, .splits = {oneDigit}, .nfc = true},
      {.names = {"stablelm2", "hunyuan"}, .splits = {oneDigit}},
      {.names = {"gpt-2", "phi-2", "mpt"}, .gpt2 = true},
      {.names = {"olmo"}, .gpt2 = true, .nfc = true},
      {.names = {"smollm", "starcoder", "refact", "command-r", "codeshell"}, .splits = {"\\p{N}"}, .gpt2 = true},
      {.names = {"tekken"}, .splits = {tekken}, .ignoreMerges = true, .addBos = true},
      {.names = {"gpt-4o", "llama4"}, .splits = {o200k}},
      // Where no name is given; llama.cpp warns that such a file was converted without care.
      {.names = {"default"}, .splits = {"[\\p{P}\\$\\+<=>\\^~\\|]+", gpt2Words, "\\p{N}+", "[0-9][0-9][0-9]"}},
  };
  return all;
}

const PreTokenizer *gguf::findPreTokenizer(std::string_view name) {
  for (const PreTokenizer &known : preTokenizers())
    if (std::ranges::find(known.names, name) != known.names.end())
      return &known;
  return nullptr;
}

std::string gguf::preTokenizerNames() {
  std::string text;
  for (const PreTokenizer &known : preTokenizers())
    for (std::string_view name : known.names)
      text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}
