//===- Output.h - what a verb writes to standard output -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_OUTPUT_H
#define XLSTM_TOOLS_XLSTM_OUTPUT_H

#include "xlstm/Support/Error.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

namespace xlstm {

/// Writes at once. Throws Error when that cannot be: a full disk, a closed descriptor.
inline void writeOut(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    fail("standard output: cannot write: ", std::strerror(errno));
}

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_OUTPUT_H
