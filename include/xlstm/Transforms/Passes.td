//===- Passes.td - umbrella of the passes in lib/Transforms ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_PASSES_TD
#define XLSTM_TRANSFORMS_PASSES_TD

include "xlstm/Transforms/BuildPasses.td"
include "xlstm/Transforms/LinearizePasses.td"
include "xlstm/Transforms/NativePasses.td"
include "xlstm/Transforms/TrainPasses.td"

#endif // XLSTM_TRANSFORMS_PASSES_TD
