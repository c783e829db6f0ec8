//===- Finite.h - NaN and infinities in stored tensors --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_FILES_FINITE_H
#define XLSTM_RUNTIME_FILES_FINITE_H

#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// Throws Error "ORIGIN: tensor 'NAME': expected finite numbers, found NaN at index [2, 7]" for the first element of
/// `bytes`, a tensor as `spec` says, that is none. Integers are always finite.
void checkFinite(const std::string &origin, const TensorSpec &spec, std::span<const std::byte> bytes);

/// The same of every tensor; the file that holds it is named.
void checkFinite(const WeightFiles &weights);

} // namespace xlstm

#endif // XLSTM_RUNTIME_FILES_FINITE_H
