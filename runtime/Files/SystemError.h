//===- SystemError.h - errno as an Error ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_INTERNAL_SYSTEMERROR_H
#define XLSTM_RUNTIME_FILES_INTERNAL_SYSTEMERROR_H

#include "xlstm/Support/Error.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace xlstm {

/// Throws Error "PATH: cannot VERB: reason" for the value of errno.
[[noreturn]] inline void failSystem(const std::filesystem::path &path, const char *verb) {
  std::string reason = std::generic_category().message(errno);
  fail(path.string(), ": cannot ", verb, ": ", reason);
}

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_INTERNAL_SYSTEMERROR_H
