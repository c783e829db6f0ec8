//===- LM.td - umbrella of the lm dialect ---------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_TD
#define LM_TD

include "dialects/LM/LMAttentionOps.td"
include "dialects/LM/LMHeadOps.td"
include "dialects/LM/LMPackOps.td"
include "dialects/LM/LMStructureOps.td"
include "dialects/LM/LMTensorOps.td"
include "dialects/LM/LMTypes.td"

#endif // LM_TD
