//===- BytecodeChild.h - bytecode read by a child process -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_DIALECTS_LM_BYTECODECHILD_H
#define XLSTM_DIALECTS_LM_BYTECODECHILD_H

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace xlstm::lm {

/// What a child process may use: bytes of memory besides those that this process has, and milliseconds of processor time.
struct ChildLimits {
  size_t memory, milliseconds;
};

/// Runs `work` in a child process and returns what it returned; nothing when the child crashed or went over a limit. The
/// child can open no file and its output is dropped.
std::optional<std::string> runInChild(const std::function<std::string()> &work, const ChildLimits &limits);

} // namespace xlstm::lm

#endif // XLSTM_DIALECTS_LM_BYTECODECHILD_H
