//===- VocabMerges.h - tokenizers older than tokenizer.json ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_TOKENIZER_VOCABMERGES_H
#define LIB_IMPORT_TOKENIZER_VOCABMERGES_H

#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// The content of the tokenizer.json that vocab.json and merges.txt mean for a class of transformers that is known
/// (GPT2Tokenizer, Qwen2Tokenizer). The class is `tokenizer_class` of `config` (tokenizer_config.json), else of
/// config.json, else that of its model_type. Null where these files are not there or the class is another: `why` then
/// says so. Throws Error for files that are malformed.
Json readVocabMerges(const std::filesystem::path &folder, const Json &config, std::string &why);

} // namespace xlstm

#endif // LIB_IMPORT_TOKENIZER_VOCABMERGES_H
