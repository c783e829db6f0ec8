//===- EvalTest.h - small models and vocabularies for the tests of Eval ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_EVAL_EVALTEST_H
#define XLSTM_TEST_UNIT_EVAL_EVALTEST_H

#include "test/unit/TemporaryFolder.h"
#include "xlstm/Runtime/Eval/Evaluation.h"

#include <filesystem>

namespace xlstm::test {

/// Bytes a, b and space are tokens 2, 3 and 4; 0 is bos, 1 is eos.
Vocabulary letters();

/// A model whose logits depend on the last token alone: row i of `table` [5, 5] are the logits behind token i.
struct Bigram {
  Program program;
  ParamMap params;
};
Bigram bigram(const std::vector<std::vector<double>> &table);

/// The teacher that docs/examples ships, and a student of it with random new tensors: windows of 8, 2 sinks.
LoadedModel tinyTeacher();
/// Its module's text.
const std::string &tinyTeacherModule();
LoadedModel tinyStudent();
/// The same teacher, made for so few tokens.
LoadedModel shortTeacher(int64_t context);
Vocabulary tinyVocabulary();

void write(const std::filesystem::path &file, const std::string &text);
std::string read(const std::filesystem::path &file);

/// Nothing when `text` is well-formed XML (tags that match, quoted attributes, known references); else what is wrong.
std::string malformed(const std::string &text);

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_EVAL_EVALTEST_H
