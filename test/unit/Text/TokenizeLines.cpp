//===- TokenizeLines.cpp - a tokenizer on lines of JSON -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For test/tokenizers_oracle.py: reads strings or lists of ids, a line each, and writes what our tokenizer makes of
// them, a line each. With "--regex" the argument is a file with an expression, and the strings are cut by it.

#include "runtime/Text/Regex.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Text/Tokenizer.h"
#include "xlstm/Support/Error.h"

#include <iostream>

using namespace xlstm;

static Json answer(const Tokenizer &tokenizer, const Json &line) {
  if (line.is_array())
    return {tokenizer.decode(line.get<std::vector<int32_t>>(), false),
            tokenizer.decode(line.get<std::vector<int32_t>>(), true)};
  std::string text = line.get<std::string>();
  std::vector<int32_t> plain = tokenizer.encode(text, false), special = tokenizer.encode(text, true);
  return {plain, special, tokenizer.decode(plain, false), tokenizer.decode(special, true)};
}

static Json cut(const text::Regex &regex, const std::string &line) {
  text::RegexScratch scratch;
  std::vector<text::Part> parts;
  if (!line.empty())
    regex.cut(line, scratch, parts);
  Json out = Json::array();
  for (const text::Part &part : parts)
    if (part.begin < part.end)
      out.push_back(line.substr(part.begin, part.end - part.begin));
  return out;
}

int main(int argc, char **argv) {
  try {
    std::optional<text::Regex> regex;
    std::optional<Tokenizer> tokenizer;
    if (argc == 3 && std::string(argv[1]) == "--regex")
      regex.emplace(readTextFile(argv[2]), argv[2]);
    else if (argc == 2)
      tokenizer.emplace(Tokenizer::load(argv[1]));
    else
      fail("usage: tokenize-lines [--regex] FILE < LINES");
    for (std::string line; std::getline(std::cin, line);) {
      Json json = Json::parse(line);
      std::cout << (regex ? cut(*regex, json.get<std::string>()) : answer(*tokenizer, json)).dump() << "\n";
    }
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
