//===- DocumentKey.cpp - a document by its content ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/DocumentKey.h"

#include "xlstm/Runtime/Files/FileHash.h"

namespace xlstm {

DocumentKey DocumentKey::of(std::span<const int32_t> ids) {
  return {hashOf(std::as_bytes(ids)).low, uint32_t(ids.size())};
}

} // namespace xlstm
