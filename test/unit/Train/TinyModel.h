//===- TinyModel.h - a teacher small enough for every test ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_TRAIN_TINYMODEL_H
#define XLSTM_TEST_UNIT_TRAIN_TINYMODEL_H

#include "xlstm/Runtime/Data/RowOrder.h"
#include "xlstm/Runtime/Evaluate/Program.h"
#include "xlstm/Runtime/Files/Json.h"

#include <filesystem>
#include <functional>

namespace xlstm::test {

constexpr int64_t TinyVocabulary = 16;

/// Text of a one-layer teacher (16 tokens, width 8, two heads that share keys and values, tied embeddings) with @align
/// and of its student with @distill. Window 4, one sink.
std::string tinyTeacher();
Program tinyAlign(const std::vector<double> &energies = {});
/// `adapters`: a pass and a comma.
Program tinyStudent(const std::string &adapters = "");
/// The student with @distill for its own text, KL with the tail alone, and @prefill and @decode to write it.
Program tinyWriter();
/// Both, computed in bf16.
Program narrowAlign(const std::vector<double> &energies = {});
Program narrowStudent(const std::string &adapters = "");

/// Repeatable weights for the teacher, float32; with the student's new tensors at their initial values on top.
ParamMap tinyTeacherParams();
ParamMap tinyStudentParams();

/// Rows of 12 tokens of a repeatable random walk, with a document border inside most rows.
TokenRows tinyRows(int64_t count, uint64_t seed);

/// The rows with the labels of the first `count(row)` tokens of each taken away.
TokenRows withoutFirstLabels(TokenRows rows, const std::function<int64_t(int64_t row)> &count);

/// The teacher's four most likely tokens behind each of the rows', as a store in `folder`.
void writeTinyTargets(const TokenRows &rows, const std::filesystem::path &folder);

bool sameParams(const ParamMap &a, const ParamMap &b);

/// The lines of a stage's metrics.jsonl.
std::vector<Json> logOf(const std::filesystem::path &stage);

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_TRAIN_TINYMODEL_H
