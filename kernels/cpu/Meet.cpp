//===- Meet.cpp - what compiled code asks of its team ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"

/// What kernel.meet is.
extern "C" void xlstm_cpu_meet(const xlstm_team *team) { xlstm::cpu::meet(team); }

/// A team of one, for what a thread does on its own. Not null: kernels would be compiled once more for that constant.
extern "C" const xlstm_team *xlstm_cpu_alone() {
  static const xlstm_team alone = {0, 1, [](const xlstm_team *) {}};
  return &alone;
}

extern "C" int64_t xlstm_cpu_part(const xlstm_team *team) { return team ? team->part : 0; }
extern "C" int64_t xlstm_cpu_parts(const xlstm_team *team) { return xlstm::cpu::partsOf(team); }
