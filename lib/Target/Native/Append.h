//===- Append.h - the model behind a linked program -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_APPEND_H
#define LIB_TARGET_NATIVE_APPEND_H

#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Target/Object.h"

namespace xlstm {

/// Writes `program`, then the bundle's weights at the places and in the types of `object`, tokenizer and metadata, and
/// the table of Runtime/Files/Payload.h, to the executable file `output`.
void appendModel(const std::filesystem::path &program, const ModelObject &object, const Bundle &bundle,
                 const std::filesystem::path &output);

/// The same without weights and tokenizer, for a program that makes its own weights of the shape at `source`.
void appendShape(const std::filesystem::path &program, const ModelObject &object, const std::filesystem::path &source,
                 const std::filesystem::path &output);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_APPEND_H
