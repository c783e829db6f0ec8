//===- ByteLevelBpe.h - tokenizer.json of a byte-level BPE ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_TOKENIZER_BYTELEVELBPE_H
#define LIB_IMPORT_TOKENIZER_BYTELEVELBPE_H

#include "lib/Import/Gguf/PreTokenizers.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// The tokenizer.json of a byte-level BPE that splits a text so, as convert_slow_tokenizer.py of transformers writes
/// it: no added tokens, nothing put around a text. Its last member is "model", which lacks "vocab" and "merges".
Json byteLevelBpe(const gguf::PreTokenizer &splits, bool addPrefixSpace = false);

} // namespace xlstm

#endif // LIB_IMPORT_TOKENIZER_BYTELEVELBPE_H
