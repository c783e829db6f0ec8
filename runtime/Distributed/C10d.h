//===- C10d.h - the group that LibTorch's c10d makes -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_C10D_H
#define XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_C10D_H

#include "xlstm/Runtime/Distributed/Group.h"

namespace xlstm {

/// A group of place.size ranks, more than one. C10d.cpp, the one file that sees c10d, or NoC10d.cpp.
std::unique_ptr<Group> joinRanks(const Place &place);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DISTRIBUTED_INTERNAL_C10D_H
