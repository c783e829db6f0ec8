//===- PayloadV1.h - executables as they were written before version 2 ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// inspect and verify still read them; an executable itself is linked with the reader of its own version.

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_PAYLOADV1_H
#define XLSTM_RUNTIME_FILES_INTERNAL_PAYLOADV1_H

#include "xlstm/Runtime/Files/Payload.h"

namespace xlstm {

constexpr char payloadMagicV1[16] = "xlstm model v1\n";

/// The file ends with the magic. Throws Error.
Payload readPayloadV1(std::shared_ptr<const MappedFile> file, std::string origin);

/// FNV-1a over 64-bit words, the last one padded by zeros, as the low half.
FileHash hashOfV1(std::span<const std::byte> bytes);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_PAYLOADV1_H
