//===- Nearest.h - what a mistyped word was meant to be -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_NEAREST_H
#define XLSTM_SUPPORT_NEAREST_H

#include <string>
#include <vector>

namespace xlstm {

/// The one of `known` that `word` is a typing error of, or the beginning of; empty when none is near. Capitals, '-' and
/// '_' make no difference. A letter in three may be wrong, missing, too many, or in its neighbour's place.
std::string nearest(const std::string &word, const std::vector<std::string> &known);

/// "; did you mean 'import'?", or nothing.
std::string didYouMean(const std::string &word, const std::vector<std::string> &known);

} // namespace xlstm

#endif // XLSTM_SUPPORT_NEAREST_H
