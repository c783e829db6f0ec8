//===- LogprobCode.h - log-probabilities as DistillKit codes them ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// github.com/arcee-ai/DistillKit, distillkit/compression at a61c2e7: config.py says what there is,
// monotonic_logprobs.py and bitpack.py how it is coded.

#ifndef XLSTM_RUNTIME_DATA_INTERNAL_LOGPROBCODE_H
#define XLSTM_RUNTIME_DATA_INTERNAL_LOGPROBCODE_H

#include "xlstm/Support/DType.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace xlstm {

/// A token's k likeliest, falling. The first `exact` stand as they are; the others are sum_i c_i term_i(t) for the t-th
/// of them, from 0, or from 0 to 1 (`normalizes`); the first of these have a residual on top, in bins of a scale and
/// small integers, of one bit -1 and 1. With `deltas` each number but the first is the difference to the one before it.
/// Bytes, little endian: the exact ones, the c, each bin's scale and its integers (high bit first, then up to a whole
/// byte). Ids stand apart, `idBits` of each, high bit first.
class LogprobCode {
public:
  /// Reads the compression_config.yaml that DistillKit writes beside its rows. Throws Error with file and line.
  static LogprobCode read(const std::filesystem::path &config);

  int64_t k() const { return count; }
  /// Of a token.
  size_t bytes() const;
  size_t idBytes() const { return (size_t(count) * idBits + 7) / 8; }
  /// `coded` has bytes() of them, `ids` idBytes().
  void decode(std::span<const uint8_t> coded, std::span<double> logprobs) const;
  void decodeIds(std::span<const uint8_t> coded, std::span<int64_t> ids) const;

private:
  struct Bin {
    DType scale;
    unsigned bits;
    int64_t elements;

    size_t bytes() const { return sizeOf(scale) + (size_t(elements) * bits + 7) / 8; }
  };
  std::vector<double> termsAt(int64_t t, int64_t of) const;

  int64_t count = 0, exact = 0;
  unsigned idBits = 0;
  DType exactType = DType::F32, termType = DType::F32;
  std::vector<std::string> terms; // "0", "3", "sqrt", "exp"
  std::vector<Bin> bins;
  bool deltas = true, normalizes = false;
  std::vector<std::vector<double>> table; // of each approximated one its terms
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_INTERNAL_LOGPROBCODE_H
