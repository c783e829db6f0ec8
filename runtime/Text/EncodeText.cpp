//===- EncodeText.cpp - what stands before and behind a text --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Text/EncodeText.h"

#include "xlstm/Support/Error.h"
#include "xlstm/Support/Quote.h"

#include <algorithm>

using namespace xlstm;

std::vector<int32_t> xlstm::encodeText(const Tokenizer &tokenizer, std::string_view text) {
  std::vector<int32_t> ids = tokenizer.encode(text, /*addSpecial=*/false);
  std::span<const int32_t> before = tokenizer.before(), after = tokenizer.after();
  if (ids.size() < after.size() || !std::equal(after.rbegin(), after.rend(), ids.rbegin()))
    ids.insert(ids.end(), after.begin(), after.end());
  if (ids.size() < before.size() || !std::equal(before.begin(), before.end(), ids.begin()))
    ids.insert(ids.begin(), before.begin(), before.end());
  return ids;
}

std::vector<int32_t> xlstm::encodeDocument(const Tokenizer &tokenizer, std::span<const int32_t> ends,
                                           std::string_view text) {
  std::vector<int32_t> ids = encodeText(tokenizer, text);
  if (tokenizer.after().empty() && !ends.empty() && (ids.empty() || ids.back() != ends.front()))
    ids.push_back(ends.front());
  return ids;
}

void xlstm::checkTokens(std::span<const int32_t> ids, int64_t rows, const Tokenizer &tokenizer,
                        const std::string &origin) {
  for (int32_t id : ids)
    if (id < 0 || id >= rows)
      fail(origin, ": the tokenizer gave token ", id, " (", quote(tokenizer.tokenBytes(id)), "), the model has ", rows);
}
