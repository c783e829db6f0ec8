//===- Meet.cpp - threads wait for one another -------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"

/// What kernel.meet is.
extern "C" void xlstm_cpu_meet(const xlstm_team *team) { xlstm::cpu::meet(team); }
