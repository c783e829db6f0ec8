//===- Quiet.h - a process that leaves talking to another ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_SUPPORT_QUIET_H
#define XLSTM_SUPPORT_QUIET_H

namespace xlstm {

/// From now on Progress.h says nothing: of the ranks of a job one says it for all.
void beQuiet();

} // namespace xlstm

#endif // XLSTM_SUPPORT_QUIET_H
