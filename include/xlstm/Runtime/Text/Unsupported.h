//===- Unsupported.h - right, but not read here ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TEXT_UNSUPPORTED_H
#define XLSTM_RUNTIME_TEXT_UNSUPPORTED_H

#include "xlstm/Support/Error.h"

namespace xlstm::text {

/// A tokenizer that may well be right, with a part that is not supported here. Who only needs the weights beside it
/// can go on without it.
class Unsupported : public Error {
public:
  using Error::Error;
};

} // namespace xlstm::text

#endif // XLSTM_RUNTIME_TEXT_UNSUPPORTED_H
