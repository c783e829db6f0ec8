//===- JsonRow.h - a line of a .jsonl corpus ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_JSONROW_H
#define XLSTM_RUNTIME_FILES_INTERNAL_JSONROW_H

#include "xlstm/Runtime/Files/Documents.h"

#include <string_view>

namespace xlstm {

/// The document that the object in `line` describes. Throws Error that begins with `origin`.
Document documentOfRow(std::string_view line, const std::string &origin);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_JSONROW_H
