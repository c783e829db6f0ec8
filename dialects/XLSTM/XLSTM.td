//===- XLSTM.td - umbrella of the xlstm dialect ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TD
#define XLSTM_TD

include "dialects/XLSTM/XLSTMLossOps.td"
include "dialects/XLSTM/XLSTMMixerAttr.td"
include "dialects/XLSTM/XLSTMMixerOps.td"

#endif // XLSTM_TD
