//===- TargetCode.h - a token's targets in a fixed number of bytes --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_TARGETCODE_H
#define XLSTM_RUNTIME_FILES_INTERNAL_TARGETCODE_H

#include "xlstm/Support/DType.h"

#include <cstddef>
#include <cstdint>

namespace xlstm {

/// The k ids of a token rise, so they are kept as Elias and Fano do (Fano 1971, Elias 1974): the low bits of each as
/// they are, l = floor(log2(vocabulary / k)) of them, and the rest in unary, a bit that is set for each id at its high
/// part plus its number. That is 2 + l bits an id at most, always the same number for a vocabulary and a k, so a record
/// is found without reading those before it. Behind them stand the log-probabilities, in the order of the ids, and the
/// tail in float32. Little endian.
class TargetCode {
public:
  /// `logprobs`: F16 or F32.
  TargetCode(int64_t vocabulary, int64_t k, DType logprobs);

  size_t bytes() const { return lowBytes + highBytes + size_t(k) * sizeOf(type) + sizeof(float); }
  /// `ids` rise; `logprobs` are k numbers of the type.
  void encode(const int32_t *ids, const void *logprobs, float tail, std::byte *record) const;
  /// False where the record cannot be one of k ids of the vocabulary.
  bool decode(const std::byte *record, int32_t *ids, float *logprobs, float &tail) const;

private:
  bool decodeIds(const std::byte *record, int32_t *ids) const;

  int64_t vocabulary, k;
  DType type;
  unsigned lowBits;
  size_t lowBytes, highBytes;
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_TARGETCODE_H
