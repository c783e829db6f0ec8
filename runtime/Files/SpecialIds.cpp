//===- SpecialIds.cpp - the ids that a model folder gives a meaning -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/SpecialIds.h"

#include "xlstm/Runtime/Files/NamedTokens.h"
#include "xlstm/Support/Error.h"

using namespace xlstm;

/// The ids under `key`: a number or a list of them; empty where the key is missing or null.
static std::vector<int32_t> readIds(const Json &config, const char *key, const std::string &file, int64_t limit) {
  auto found = config.find(key);
  if (found == config.end() || found->is_null())
    return {};
  std::vector<int32_t> ids;
  for (const Json &id : found->is_array() ? *found : Json::array({*found})) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= limit)
      fail(file, ": ", key, " is ", id.dump(), ", expected a token id below ", limit);
    ids.push_back(id.get<int32_t>());
  }
  return ids;
}

SpecialIds SpecialIds::read(const std::filesystem::path &folder, int64_t limit) {
  SpecialIds result;
  for (const char *name : {"generation_config.json", "config.json"}) {
    std::filesystem::path file = folder / name;
    Json config = readOptionalObject(file);
    if (std::vector<int32_t> bos = readIds(config, "bos_token_id", file, limit); !result.bos && !bos.empty())
      result.bos = bos.front();
    if (result.eos.empty())
      result.eos = readIds(config, "eos_token_id", file, limit);
  }
  return result;
}
