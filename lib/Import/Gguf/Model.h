//===- Model.h - the model that a GGUF file's keys describe ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_MODEL_H
#define LIB_IMPORT_GGUF_MODEL_H

#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/Gguf.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm::gguf {

struct Model {
  TeacherConfig teacher;
  /// The keys that config.json needs of it.
  Json config;
  /// As GgufArchitecture says.
  bool hasPairedRows = false;
};

/// Reads the keys of an architecture and, where the keys do not say it, which tensors there are (biases, a head).
/// Throws Error naming the key: missing, of the wrong type or out of range, an architecture or a scaling that is not
/// read, anything else that would change the numbers.
Model readModel(const GgufFile &file);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_MODEL_H
