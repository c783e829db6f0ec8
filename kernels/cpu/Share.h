//===- Share.h - a thread's share of a kernel's work -------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_SHARE_H
#define XLSTM_KERNELS_CPU_SHARE_H

#include "kernels/cpu/Simd.h"
#include "xlstm/Kernels/Team.h"

namespace xlstm::cpu {

struct Share {
  int64_t begin, end;

  XLSTM_ALWAYS_INLINE int64_t size() const { return end - begin; }
};

XLSTM_INLINE int64_t partsOf(const xlstm_team *team) { return team ? team->parts : 1; }

/// Of `count` pieces those of this thread, neighbours, in multiples of `grain`.
XLSTM_INLINE Share shareOf(const xlstm_team *team, int64_t count, int64_t grain = 1) {
  if (!team)
    return {0, count};
  int64_t grains = (count + grain - 1) / grain;
  int64_t begin = grains * team->part / team->parts * grain, end = grains * (team->part + 1) / team->parts * grain;
  return {begin < count ? begin : count, end < count ? end : count};
}

/// Whether this thread does what is not worth sharing.
XLSTM_INLINE bool isFirst(const xlstm_team *team) { return !team || team->part == 0; }

XLSTM_INLINE void meet(const xlstm_team *team) {
  if (team)
    team->meet(team);
}

/// A share of rows, or of the columns of all rows where there are fewer rows than threads.
struct Area {
  Share rows, columns;
};
XLSTM_INLINE Area areaOf(const xlstm_team *team, int64_t rows, int64_t columns, int64_t grain = Lanes) {
  if (rows >= partsOf(team))
    return {shareOf(team, rows), {0, columns}};
  return {{0, rows}, shareOf(team, columns, grain)};
}

} // namespace xlstm::cpu

#endif // XLSTM_KERNELS_CPU_SHARE_H
