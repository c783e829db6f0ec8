//===- ReadRows.cpp - rows of tokens out of a corpus file -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/ContentHash.h"
#include "xlstm/Runtime/Data/TokenRows.h"
#include "xlstm/Runtime/Files/Documents.h"
#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Support/Error.h"

namespace xlstm {

static std::optional<int32_t> readTokenId(const Json &config, const char *key, const std::filesystem::path &file,
                                          const Tokenizer &tokenizer) {
  auto found = config.find(key);
  if (found == config.end() || found->is_null())
    return std::nullopt;
  Json value = found->is_array() && !found->empty() ? found->front() : *found;
  if (!value.is_number_integer())
    fail(file.string(), ": '", key, "': expected a token id, a list of them or null, found ", found->dump());
  auto id = value.get<int64_t>();
  if (id < 0 || id >= tokenizer.vocabSize())
    fail(file.string(), ": '", key, "': the tokenizer has ids 0 to ", tokenizer.vocabSize() - 1, ", found ", id);
  return int32_t(id);
}

SpecialTokens readSpecialTokens(const std::filesystem::path &folder, const Tokenizer &tokenizer) {
  std::filesystem::path file = folder / "config.json";
  Json config = readJsonFile(file);
  if (!config.is_object())
    fail(file.string(), ": expected an object");
  return {readTokenId(config, "bos_token_id", file, tokenizer), readTokenId(config, "eos_token_id", file, tokenizer)};
}

std::vector<int32_t> encodeDocument(const std::string &text, const Tokenizer &tokenizer, const SpecialTokens &special) {
  std::vector<int32_t> tokens = tokenizer.encode(text, /*addSpecial=*/false);
  if (special.bos)
    tokens.insert(tokens.begin(), *special.bos);
  if (special.eos)
    tokens.push_back(*special.eos);
  return tokens;
}

TokenRows readRows(const std::filesystem::path &corpus, const Tokenizer &tokenizer, const SpecialTokens &special,
                   const PackOptions &options) {
  std::vector<std::vector<int32_t>> documents;
  int64_t tokens = 0, enough = options.maxRows * options.length;
  std::vector<std::string> texts = readDocuments(corpus);
  uint64_t state = options.seed;
  shuffle(texts, state);
  for (const std::string &text : texts) {
    documents.push_back(encodeDocument(text, tokenizer, special));
    tokens += int64_t(documents.back().size());
    if (enough > 0 && tokens >= enough)
      break;
  }
  if (documents.empty())
    fail(corpus.string(), ": holds no document");
  return packDocuments(documents, options);
}

} // namespace xlstm
