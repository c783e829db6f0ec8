//===- Vocabulary.cpp - how text becomes the tokens that a model is scored on -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Eval/Vocabulary.h"

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

/// The ids under `key`: a number or a list of them; empty where the key is missing or null.
static std::vector<int32_t> readIds(const Json &config, const char *key, const fs::path &file, int32_t vocabSize) {
  auto found = config.find(key);
  if (found == config.end() || found->is_null())
    return {};
  std::vector<int32_t> ids;
  for (const Json &id : found->is_array() ? *found : Json::array({*found})) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= vocabSize)
      fail(file.string(), ": ", key, " is ", id.dump(), ", expected a token id below ", vocabSize);
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

Vocabulary Vocabulary::load(const fs::path &modelFolder) {
  Vocabulary result;
  result.tokenizer = std::make_shared<Tokenizer>(Tokenizer::load(modelFolder / "tokenizer.json"));
  for (const char *name : {"generation_config.json", "config.json"}) {
    fs::path file = modelFolder / name;
    Json config = findJsonFile(file);
    if (config.is_null())
      continue;
    if (!config.is_object())
      fail(file.string(), ": expected an object, found ", config.type_name());
    std::vector<int32_t> bos = readIds(config, "bos_token_id", file, result.tokenizer->vocabSize());
    if (!result.bos && !bos.empty())
      result.bos = bos.front();
    if (result.eos.empty())
      result.eos = readIds(config, "eos_token_id", file, result.tokenizer->vocabSize());
  }
  if (result.eos.empty())
    fail(modelFolder.string(), ": neither generation_config.json nor config.json has an eos_token_id");
  return result;
}

bool Vocabulary::isEnd(int32_t id) const { return std::find(eos.begin(), eos.end(), id) != eos.end(); }

std::vector<int32_t> Vocabulary::encodeDocument(std::string_view text) const {
  std::vector<int32_t> ids = tokenizer->encode(text, /*addSpecial=*/false);
  ids.insert(ids.begin(), documentStart());
  ids.push_back(eos.front());
  return ids;
}

std::vector<int32_t> Vocabulary::encodePrompt(std::string_view text) const {
  std::vector<int32_t> ids = tokenizer->encode(text, /*addSpecial=*/true);
  if (ids.empty() || (bos && ids.front() != *bos))
    ids.insert(ids.begin(), documentStart());
  return ids;
}

} // namespace xlstm
