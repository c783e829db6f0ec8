//===- PackPanels.h - weights in the order that the CPU reads them --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TARGET_NATIVE_PACKPANELS_H
#define LIB_TARGET_NATIVE_PACKPANELS_H

#include "xlstm/Target/Object.h"

#include <functional>
#include <span>

namespace xlstm {

/// Hands the rows of `columns` numbers (a multiple of 32) that are stored as `from` to `sink`, in panels
/// (kernels/cpu/Panels.h), one panel a piece. Throws Error for a type that is not of floats.
void packPanels(std::span<const std::byte> stored, DType from, int64_t columns, PanelStorage to,
                const std::function<void(std::span<const std::byte>)> &sink);

} // namespace xlstm

#endif // LIB_TARGET_NATIVE_PACKPANELS_H
