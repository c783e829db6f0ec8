//===- VocabMerges.cpp - tokenizers older than tokenizer.json -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// As convert_slow_tokenizer.py of transformers has it.

#include "lib/Import/Tokenizer/VocabMerges.h"

#include "lib/Import/Tokenizer/ByteLevelBpe.h"
#include "xlstm/Runtime/Files/MappedFile.h"
#include "xlstm/Runtime/Files/NamedTokens.h"
#include "xlstm/Runtime/Files/PlainText.h"
#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

using namespace xlstm;
namespace fs = std::filesystem;

namespace {

/// A class of transformers whose tokenizer these two files describe.
struct TokenizerClass {
  std::string_view name;
  std::string_view modelTypes; // those that mean it, each with a space on both sides
  std::string_view splits;     // as the GGUF reader calls them (PreTokenizers.h)
  bool followsPrefixSpace;     // add_prefix_space of tokenizer_config.json
};

constexpr TokenizerClass classes[] = {
    {"GPT2Tokenizer", " gpt2 ", "gpt-2", true},
    {"Qwen2Tokenizer", " qwen2 qwen3 ", "qwen2", false},
};

} // namespace

static std::string textIn(const Json &object, const char *key) {
  Json value = object.value(key, Json());
  return value.is_string() ? value.get<std::string>() : "";
}

static const TokenizerClass *findClass(const fs::path &folder, const Json &config, std::string &name) {
  Json model = readOptionalObject(folder / "config.json");
  name = textIn(config, "tokenizer_class");
  if (name.empty())
    name = textIn(model, "tokenizer_class");
  for (const TokenizerClass &known : classes) {
    bool isOfModel =
        name.empty() && known.modelTypes.find(" " + textIn(model, "model_type") + " ") != known.modelTypes.npos;
    if (isOfModel || name == known.name || name == std::string(known.name) + "Fast")
      return &known;
  }
  return nullptr;
}

/// The merges of merges.txt, a line each, behind a line with a version.
static Json readMerges(const fs::path &file) {
  std::string text = plainText(readTextFile(file), file.string());
  Json merges = Json::array();
  size_t number = 0;
  for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    ++number;
    if (line.empty() || (number == 1 && line.starts_with("#version")))
      continue;
    size_t space = line.find(' ');
    if (space == 0 || space == line.npos || space + 1 == line.size() || line.find(' ', space + 1) != line.npos)
      fail(file.string(), ":", number, ": expected two tokens with a space between, found ", quote(line));
    merges.push_back(Json::array({std::string(line.substr(0, space)), std::string(line.substr(space + 1))}));
  }
  return merges;
}

Json xlstm::readVocabMerges(const fs::path &folder, const Json &config, std::string &why) {
  fs::path vocabFile = folder / "vocab.json", mergesFile = folder / "merges.txt";
  std::error_code error;
  if (!fs::is_regular_file(vocabFile, error) || !fs::is_regular_file(mergesFile, error)) {
    why = "no tokenizer.json";
    return nullptr;
  }
  std::string name;
  const TokenizerClass *known = findClass(folder, config, name);
  if (!known) {
    why =
        "no tokenizer.json, and how vocab.json and merges.txt split a text is known for the classes GPT2Tokenizer and "
        "Qwen2Tokenizer only, found " +
        (name.empty() ? "none" : quote(name));
    return nullptr;
  }
  Json vocab = readJsonFile(vocabFile);
  if (!vocab.is_object())
    fail(vocabFile.string(), ": expected an object, found ", vocab.type_name());
  bool prefix = known->followsPrefixSpace && config.value("add_prefix_space", Json()) == true;
  Json root = byteLevelBpe(*gguf::findPreTokenizer(known->splits), prefix);
  root["model"]["vocab"] = std::move(vocab);
  root["model"]["merges"] = readMerges(mergesFile);
  return root;
}
