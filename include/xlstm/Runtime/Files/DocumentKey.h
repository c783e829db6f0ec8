//===- DocumentKey.h - a document by its content --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_DOCUMENTKEY_H
#define XLSTM_RUNTIME_FILES_DOCUMENTKEY_H

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace xlstm {

/// Tells a document from others by its tokens: half of their XXH3-128 (int32, little endian), and how many there are.
struct DocumentKey {
  uint64_t hash = 0;
  uint32_t tokens = 0;

  static DocumentKey of(std::span<const int32_t> ids);
  auto operator<=>(const DocumentKey &) const = default;
};

/// The targets that are stored together: those of a document from position `at` on.
struct BlockKey {
  DocumentKey document;
  int64_t at = 0;

  bool operator==(const BlockKey &) const = default;
  struct Hash {
    size_t operator()(const BlockKey &key) const {
      return size_t(key.document.hash ^ (uint64_t(key.at) * 0x9e3779b97f4a7c15));
    }
  };
};

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_DOCUMENTKEY_H
