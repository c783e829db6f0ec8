//===- ScalarType.h - ATen's name of a stored element type ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_EVALUATE_SCALARTYPE_H
#define XLSTM_RUNTIME_EVALUATE_SCALARTYPE_H

#include "xlstm/Support/DType.h"

#include <c10/core/ScalarType.h>

namespace xlstm {

/// The ATen type of a stored type. U16 is kUInt16.
at::ScalarType scalarType(DType type);

} // namespace xlstm

#endif // XLSTM_RUNTIME_EVALUATE_SCALARTYPE_H
