//===- Names.h - llama.cpp's names of tensors -----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_NAMES_H
#define LIB_IMPORT_GGUF_NAMES_H

#include "lib/Import/HuggingFace/Families.h"

namespace xlstm::gguf {

/// The name of a role's tensor, of a layer for those that layers have (gguf-py's TensorNameMap, read backwards).
std::string tensorName(Role role, int64_t layer = 0);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_NAMES_H
