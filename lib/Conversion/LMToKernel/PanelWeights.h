//===- PanelWeights.h - which weights lie in panels ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_CONVERSION_LMTOKERNEL_PANELWEIGHTS_H
#define LIB_CONVERSION_LMTOKERNEL_PANELWEIGHTS_H

#include "dialects/Kernel/KernelDialect.h"

namespace xlstm {

/// The memory in panels of a weight (lm.param, lm.take_blocks, lm.pack) that is read by projections and embeddings alone
/// and has rows enough and whole blocks; null for any other.
mlir::MemRefType panelsOf(mlir::Value weight);

/// Whether the value is the bias of projections whose weights lie in panels, and of nothing else.
bool isPanelBias(mlir::Value bias);

} // namespace xlstm

#endif // LIB_CONVERSION_LMTOKERNEL_PANELWEIGHTS_H
