//===- NamedTokens.h - bos_token, pad_token and their like ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_NAMEDTOKENS_H
#define XLSTM_RUNTIME_FILES_NAMEDTOKENS_H

#include "xlstm/Runtime/Files/Json.h"

#include <optional>

namespace xlstm {

/// The object in a file; an empty one where there is no such file. Throws Error for anything else in it.
Json readOptionalObject(const std::filesystem::path &file);

/// What a folder's tokenizer_config.json and special_tokens_map.json call by name, as transformers 4 and 5 read them:
/// `bos_token` and others that end in `_token`, a string or an object with "content"; `additional_special_tokens`,
/// `extra_special_tokens`. The second file is the older: what it says comes first, and it is not looked at beside an
/// `added_tokens_decoder`. `config` is the content of tokenizer_config.json.
Json readNamedTokens(const std::filesystem::path &folder, const Json &config);

/// A token's text: a string, or the "content" of an object; nothing for other values.
std::optional<std::string> tokenContent(const Json &token);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_NAMEDTOKENS_H
