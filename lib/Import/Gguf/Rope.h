//===- Rope.h - rotary embedding of a GGUF file ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_ROPE_H
#define LIB_IMPORT_GGUF_ROPE_H

#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm::gguf {

/// What the keys ARCHITECTURE.rope.* and the tensor rope_freqs.weight say.
struct RopeScaling {
  double theta = 10000;
  /// The rope_scaling of a config.json; null: none. Factors that no rule explains are stated as `longrope` does.
  Json config;
};

/// `keys` is the prefix of the architecture's keys, with its dot. Throws Error.
RopeScaling readRopeScaling(const GgufFile &file, const std::string &keys, int64_t headDim, int64_t contextLength);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_ROPE_H
