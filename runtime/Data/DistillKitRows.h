//===- DistillKitRows.h - documents and targets out of DistillKit's rows --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_DISTILLKITROWS_H
#define XLSTM_RUNTIME_DATA_INTERNAL_DISTILLKITROWS_H

#include "LogprobCode.h"

#include "xlstm/Runtime/Files/NumberColumns.h"

#include <functional>
#include <optional>
#include <vector>

namespace xlstm {

/// What stands behind the tokens of a document: k ids each, rising, their log-probabilities, and the tail's.
struct RowTargets {
  std::vector<int32_t> ids;    // k a token
  std::vector<float> logprobs; // k a token
  std::vector<float> tails;    // one
};

/// A part of a row (ImportTargets.h).
struct RowDocument {
  std::vector<int32_t> ids;
  std::vector<uint8_t> learned; // empty: all are
  RowTargets targets;
};

/// Takes rows apart. `k` of each token's are kept, 0: all.
class DistillKitRows {
public:
  DistillKitRows(std::optional<LogprobCode> code, int64_t vocabulary, int64_t k)
      : code(std::move(code)), vocabulary(vocabulary), kept(k) {}

  static const std::vector<std::string> &columns();
  /// Of the rows that were looked at, or as it was given.
  int64_t k() const { return kept; }
  /// The documents of a row; `origin` begins errors.
  std::vector<RowDocument> documents(const NumberRow &row, const std::string &origin);

private:
  struct Values; // what stands behind each token of the row
  Values valuesOf(const NumberRow &row, const std::string &origin) const;
  void addTarget(const Values &values, size_t token, const std::string &origin, RowTargets &into) const;

  std::optional<LogprobCode> code;
  int64_t vocabulary, kept;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_DISTILLKITROWS_H
