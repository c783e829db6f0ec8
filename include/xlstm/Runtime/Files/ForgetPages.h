//===- ForgetPages.h - give back what a mapping has read ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_FORGETPAGES_H
#define XLSTM_RUNTIME_FILES_FORGETPAGES_H

#include <cstddef>
#include <span>

namespace xlstm {

/// Says that these bytes of a MappedFile were copied and are not wanted soon: they stop counting as the process'
/// memory. They may still be read, which brings them back.
void forgetPages(std::span<const std::byte> bytes);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_FORGETPAGES_H
