//===- Translate.h - Oniguruma's expressions for PCRE2 --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_ONIGURUMA_TRANSLATE_H
#define XLSTM_RUNTIME_TEXT_ONIGURUMA_TRANSLATE_H

#include <string>

namespace xlstm::text {

/// An expression in Oniguruma's own syntax (which PyPI `tokenizers` compiles) as one that PCRE2 with PCRE2_UTF,
/// PCRE2_UCP and PCRE2_MULTILINE matches alike. Every construct is read and written anew, so that nothing passes that
/// the two engines may take differently. Throws Error naming `place` and the byte where `pattern` is not valid, and
/// Unsupported naming the construct that cannot be said in PCRE2.
std::string translateOniguruma(const std::string &pattern, const std::string &place);

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_ONIGURUMA_TRANSLATE_H
