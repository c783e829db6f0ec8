//===- Container.h - a student in one GGUF file ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_CONTAINER_H
#define LIB_IMPORT_GGUF_CONTAINER_H

#include "xlstm/Runtime/Files/Gguf.h"

namespace xlstm::gguf {

/// Whether it is a file of exportGguf.
bool isContainer(const GgufFile &file);

/// Writes the bundle that was exported: the same files, the weights in one. Throws Error naming the file and the key,
/// or that the tensors are not those that were exported.
void unpackContainer(const GgufFile &file, const std::filesystem::path &output);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_CONTAINER_H
