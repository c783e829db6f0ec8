//===- Exchange.h - what the ranks of a step tell one another --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_TRAIN_INTERNAL_EXCHANGE_H
#define XLSTM_RUNTIME_TRAIN_INTERNAL_EXCHANGE_H

#include "GateRanges.h"
#include "StepLog.h"

#include "xlstm/Runtime/Distributed/Group.h"

namespace xlstm {

/// Makes what a rank measured of its part of a batch what all measured of all of it.
void sumMetrics(Group &group, StepMetrics &metrics, GateRanges &gates);

} // namespace xlstm

#endif // XLSTM_RUNTIME_TRAIN_INTERNAL_EXCHANGE_H
