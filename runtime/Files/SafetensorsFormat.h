//===- SafetensorsFormat.h - what reader and writer agree on --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_SAFETENSORSFORMAT_H
#define XLSTM_RUNTIME_FILES_INTERNAL_SAFETENSORSFORMAT_H

#include <cstddef>
#include <cstdint>

namespace xlstm {

/// The header's length comes first, a little-endian number.
constexpr size_t lengthBytes = 8;
/// The format's own limit of the header.
constexpr uint64_t maxHeader = 100'000'000;

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_SAFETENSORSFORMAT_H
