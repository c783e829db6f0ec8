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

// DeepSeek's own lists of letters, signs and Chinese, Japanese and Korean characters.
static constexpr std::string_view deepseekLetters =
    "\\s?["
    "A-Za-z\\x{b5}\\x{c0}-\\x{d6}\\x{d8}-\\x{f6}\\x{f8}-\\x{1ba}\\x{1bc}-\\x{1bf}\\x{1c4}-\\x{293}"
    "\\x{295}-\\x{2af}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37b}-\\x{37d}\\x{37f}\\x{386}\\x{388}-\\x{38a}"
    "\\x{38c}\\x{38e}-\\x{3a1}\\x{3a3}-\\x{3f5}\\x{3f7}-\\x{481}\\x{48a}-\\x{52f}\\x{531}-\\x{556}"
    "\\x{10a0}-\\x{10c5}\\x{13a0}-\\x{13f5}\\x{13f8}-\\x{13fd}\\x{1c90}-\\x{1cba}\\x{1cbd}-\\x{1cbf}"
    "\\x{1d00}-\\x{1d2b}\\x{1d6b}-\\x{1d77}\\x{1d79}-\\x{1d9a}\\x{1e00}-\\x{1f15}\\x{1f18}-\\x{1f1d}"
    "\\x{1f20}-\\x{1f45}\\x{1f48}-\\x{1f4d}\\x{1f50}-\\x{1f57}\\x{1f59}\\x{1f5b}\\x{1f5d}"
    "\\x{1f5f}-\\x{1f7d}\\x{1f80}-\\x{1fb4}\\x{1fb6}-\\x{1fbc}\\x{1fbe}\\x{1fc2}-\\x{1fc4}"
    "\\x{1fc6}-\\x{1fcc}\\x{1fd0}-\\x{1fd3}\\x{1fd6}-\\x{1fdb}\\x{1fe0}-\\x{1fec}\\x{1ff2}-\\x{1ff4}"
    "\\x{1ff6}-\\x{1ffc}\\x{2102}\\x{2107}\\x{210a}-\\x{2113}\\x{2115}\\x{2119}-\\x{211d}\\x{2124}"
    "\\x{2126}\\x{2128}\\x{212a}-\\x{212d}\\x{212f}-\\x{2134}\\x{2139}\\x{213c}-\\x{213f}"
    "\\x{2145}-\\x{2149}\\x{214e}\\x{2183}\\x{2184}\\x{2c00}-\\x{2c7b}\\x{2c7e}-\\x{2ce4}"
    "\\x{2ceb}-\\x{2cee}\\x{2cf2}\\x{2cf3}\\x{a640}-\\x{a66d}\\x{a680}-\\x{a69b}\\x{a722}-\\x{a76f}"
    "\\x{a771}-\\x{a787}\\x{a78b}-\\x{a78e}\\x{ab70}-\\x{abbf}\\x{fb00}-\\x{fb06}\\x{fb13}-\\x{fb17}"
    "\\x{ff21}-\\x{ff3a}\\x{ff41}-\\x{ff5a}\\x{10400}-\\x{1044f}\\x{104b0}-\\x{104d3}"
    "\\x{104d8}-\\x{104fb}\\x{10c80}-\\x{10cb2}\\x{10cc0}-\\x{10cf2}\\x{118a0}-\\x{118df}"
    "\\x{1e900}-\\x{1e943}"
    "]+";
static constexpr std::string_view deepseekSigns =
    "\\s?[!-/:-~\\x{ff01}-\\x{ff0f}\\x{ff1a}-\\x{ff5e}\\x{2018}-\\x{201f}\\x{3000}-\\x{3002}]+";
static constexpr std::string_view deepseekHan = "[\\x{4e00}-\\x{9fa5}\\x{800}-\\x{4e00}\\x{ac00}-\\x{d7ff}]+",
                                  deepseekKana = "[\\x{4e00}-\\x{9fa5}\\x{3040}-\\x{309f}\\x{30a0}-\\x{30ff}]+";
// Words behind one sign of ASCII; then letters with their marks.
static constexpr std::string_view deepseekWords =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
    " ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES;

static constexpr std::string_view withMarks =
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES;
static constexpr std::string_view bloom =
    " ?[^(\\s|.,!?\\x{2026}\\x{3002}\\x{ff0c}\\x{3001}\\x{964}\\x{6d4}\\x{60c})]+";
static constexpr std::string_view bailing =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
    "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
static constexpr std::string_view seedCoder = CONTRACTION "|" WORD "|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" SPACES;
static constexpr std::string_view miniCpm = CONTRACTION "|" WORD "|\\p{N}+|" SIGNS "|" SPACES;
static constexpr std::string_view jais2 =
    CONTRACTION "|" WORD "|\\p{N}{1,3}|" SIGNS "|\\s*[\\r\\n]+|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|"
                "\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}";
static constexpr std::string_view exaoneMoe =
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|"
                "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
// Kimi K2's own expression (its tokenization_kimi.py): words as o200k has them, Chinese apart.
#define NOT_HAN "&&[^\\p{Han}]]"
#define CAPITALS_NOT_HAN "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}" NOT_HAN
#define SMALL_NOT_HAN "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}" NOT_HAN
static constexpr std::string_view kimi =
    "[\\p{Han}]+|" BEFORE CAPITALS_NOT_HAN "*" SMALL_NOT_HAN "+" CONTRACTION "?|" BEFORE CAPITALS_NOT_HAN
    "+" SMALL_NOT_HAN "*" CONTRACTION "?|\\p{N}{1,3}|" SIGNS "|" SPACES;

static constexpr std::string_view gpt2Words =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";

static const std::vector<PreTokenizer> &preTokenizers() {
  static const std::vector<PreTokenizer> all = {
      {.names = {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                 "jina-v5-nano"},
       .splits = {threeDigits},
       .ignoreMerges = true,
       .addBos = true},
      {.names = {"dbrx", "smaug-bpe", "glm4", "chatglm-bpe"}, .splits = {threeDigits}}, // OLMo 2 and 3 among them
      {.names = {"qwen2", "deepseek-r1-qwen", "megrez"}, .splits = {oneDigit}, .nfc = true},
      {.names = {"qwen35"}, .splits = {withMarks}, .nfc = true},
      {.names = {"stablelm2", "hunyuan", "kormo", "f2llmv2", "solar-open", "grok-2"}, .splits = {oneDigit}},
      {.names = {"gpt-2", "phi-2", "mpt", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
                 "jina-v2-code", "roberta-bpe", "gigachat", "a.x-4.0", "mellum", "modern-bert", "jais", "trillion",
                 "granite-docling", "exaone4"},
       .gpt2 = true},
      {.names = {"olmo"}, .gpt2 = true, .nfc = true},
      {.names = {"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"},
       .splits = {"\\p{N}"},
       .gpt2 = true},
      {.names = {"tekken"}, .splits = {tekken}, .ignoreMerges = true, .addBos = true},
      {.names = {"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, .splits = {o200k}},
      {.names = {"tiny_aya", "cohere2moe"}, .splits = {"\\d{1,3}(?=(?:\\d{3})*\\b)", o200k}},
      {.names = {"deepseek-coder"}, .splits = {"[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", deepseekHan, "\\p{N}"}},
      {.names = {"deepseek-llm"},
       .splits = {"[\r\n]", deepseekLetters, deepseekSigns, "\\s+$", deepseekHan, "\\p{N}+"}},
      {.names = {"deepseek-v3", "hunyuan-dense", "joyai-llm"}, .splits = {"\\p{N}{1,3}", deepseekKana, deepseekWords}},
      {.names = {"falcon"}, .splits = {"[\\p{P}\\$\\+<=>\\^~\\|`]+", gpt2Words, "[0-9][0-9][0-9]"}},
      {.names = {"poro-chat", "bloom", "gpt3-finnish"}, .splits = {bloom}},
      {.names = {"viking"}, .splits = {bloom, "\\p{N}"}},
      {.names = {"bailingmoe", "bailingmoe2", "llada-moe"}, .splits = {bailing}},
      {.names = {"seed-coder"}, .splits = {seedCoder}},
      {.names = {"jais-2"}, .splits = {jais2}},
      {.names = {"exaone-moe"}, .splits = {exaoneMoe}},
      {.names = {"laguna"}, .splits = {"[^\\n]+|[\\n]+", oneDigit}},
      {.names = {"minicpm5"}, .splits = {"\\p{N}{1,3}", miniCpm}, .ignoreMerges = true},
      {.names = {"superbpe"}, .splits = {"\\p{N}+", "(?=(\\d{3})+(?!\\d))"}},
      {.names = {"kimi-k2"}, .splits = {kimi}},
      {.names = {"chameleon"},
       .splits = {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", "([\\t\\n]|    |  )", "\\p{N}",
                  "[\\p{P}!-/:-@\\[-`{-~]"},
       .gpt2 = true,
       .addBos = true},
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
