//===- PassOptions.h - types of the passes' options -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_PASSOPTIONS_H
#define XLSTM_TRANSFORMS_PASSOPTIONS_H

#include "dialects/XLSTM/XLSTMDialect.h"

namespace xlstm {

/// What the logits of a prefill function are of.
enum class LogitsKind { Last, All };

/// Type of activations and weights; of what is stored, too.
enum class Precision { F32, BF16, F16 };

} // namespace xlstm

#endif // XLSTM_TRANSFORMS_PASSOPTIONS_H
