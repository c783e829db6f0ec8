//===- TargetFormat.h - targets.json of a target store --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_TARGETFORMAT_H
#define XLSTM_RUNTIME_FILES_TARGETFORMAT_H

#include "xlstm/Support/DType.h"

#include <cstdint>
#include <filesystem>
#include <string>

namespace xlstm {

/// Whose targets a store holds, and how: what targets.json says.
struct TargetFormat {
  int64_t k = 256; // the paper's
  int64_t vocabulary = 0;
  /// F16 (log-probabilities off by at most 2^-11 of their value) or F32.
  DType logprobs = DType::F16;
  /// Most tokens that the teacher reads at once. Of a longer document it reads this many, then parts of it that begin
  /// lookBack tokens before what they are to answer.
  int64_t context = 512, lookBack = 128;
  std::string teacher = "";   // such as a hash of its weights
  std::string tokenizer = ""; // such as a hash of its files

  /// Positions of a document that are stored together; divides both.
  int64_t blockTokens() const;
  /// Where the part begins that answers a position.
  int64_t beginFor(int64_t at) const;
  /// Bytes of a token.
  int64_t tokenBytes() const;

  /// Sets both for students that train on rows of `length` tokens: the teacher has read at least what the student has,
  /// as far as the `most` tokens reach that the teacher can read (0: any number).
  void setContext(int64_t length, int64_t most);
  bool operator==(const TargetFormat &) const = default;

  /// What `folder` / targets.json says. Throws Error.
  static TargetFormat read(const std::filesystem::path &folder);
};

std::string textOf(const TargetFormat &format);
/// Says whose store a shard is of.
std::string storeHash(const TargetFormat &format);
/// Throws Error that names the first thing in which a store is another one.
void checkFormat(const TargetFormat &found, const TargetFormat &expected, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_TARGETFORMAT_H
