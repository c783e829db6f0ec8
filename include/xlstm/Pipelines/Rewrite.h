//===- Rewrite.h - run a pass pipeline over module text -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_PIPELINES_REWRITE_H
#define XLSTM_PIPELINES_REWRITE_H

#include <string>
#include <string_view>

namespace xlstm {

/// Runs `pipeline`, spelled as `xlstm-opt --pass-pipeline` takes it without the builtin.module(...) around it, over a
/// module (text or bytecode) and returns the new module's text. `origin` names the module in errors. Throws Error whose
/// text is the first located diagnostic.
std::string rewriteModule(std::string_view mlir, const std::string &origin, const std::string &pipeline);

} // namespace xlstm

#endif // XLSTM_PIPELINES_REWRITE_H
