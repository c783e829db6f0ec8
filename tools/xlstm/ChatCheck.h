//===- ChatCheck.h - whether a model's chat template can be rendered ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_CHATCHECK_H
#define XLSTM_TOOLS_XLSTM_CHATCHECK_H

#include <filesystem>

namespace xlstm {

/// Renders small conversations with the chat template of a model folder, if it has one, and warns on standard error
/// where that cannot be done: said when a model is imported or compiled, not when somebody wants to talk to it. The
/// model is good without it.
void warnOfChatTemplate(const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_CHATCHECK_H
