//===- Vocabulary.cpp - how text becomes the tokens of a model ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Data/Vocabulary.h"

#include "xlstm/Runtime/Files/SpecialIds.h"
#include "xlstm/Runtime/Text/EncodeText.h"
#include "xlstm/Support/Error.h"

#include <algorithm>

namespace fs = std::filesystem;

namespace xlstm {

Vocabulary Vocabulary::load(const fs::path &modelFolder) {
  Vocabulary result;
  fs::path file = modelFolder / "tokenizer.json";
  std::error_code error;
  if (!fs::exists(file, error))
    fail(modelFolder.string(), ": the model has no tokenizer (tokenizer.json): it works on token ids only");
  result.tokenizer = std::make_shared<Tokenizer>(Tokenizer::load(file));
  SpecialIds ids = SpecialIds::read(modelFolder, result.tokenizer->vocabSize());
  result.bos = ids.bos;
  result.eos = ids.eos;
  return result;
}

bool Vocabulary::isEnd(int32_t id) const { return std::ranges::find(eos, id) != eos.end(); }

std::vector<int32_t> Vocabulary::encodePrompt(std::string_view text) const { return encodeText(*tokenizer, text); }

std::vector<int32_t> Vocabulary::encodeDocument(std::string_view text) const {
  return xlstm::encodeDocument(*tokenizer, eos, text);
}

std::vector<int32_t> Vocabulary::context() const {
  if (!tokenizer->before().empty() || (!bos && eos.empty()))
    return {};
  return {bos ? *bos : eos.front()};
}

} // namespace xlstm
