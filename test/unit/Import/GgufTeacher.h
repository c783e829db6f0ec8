//===- GgufTeacher.h - a Hugging Face folder as llama.cpp would store it --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef TEST_UNIT_IMPORT_GGUFTEACHER_H
#define TEST_UNIT_IMPORT_GGUFTEACHER_H

#include "test/unit/Files/GgufBuilder.h"

#include <filesystem>

namespace xlstm {

/// The GGUF file that llama.cpp's convert_hf_to_gguf.py makes of a teacher: its names and keys, rows of q and k of the
/// llama architecture in pairs, vectors in F32, matrices as they are.
test::GgufBuilder ggufOfTeacher(const std::filesystem::path &folder);

/// The keys of a tokenizer.json: tokens up to `vocabSize`, types, merges, `pre`.
void addTokenizer(test::GgufBuilder &builder, const std::filesystem::path &file, int64_t vocabSize);

} // namespace xlstm

#endif // TEST_UNIT_IMPORT_GGUFTEACHER_H
