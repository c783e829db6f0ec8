/*===- Team.h - threads that run one function together ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
*/

#ifndef XLSTM_KERNELS_TEAM_H
#define XLSTM_KERNELS_TEAM_H

#include <stdint.h>

/* One thread's membership. All members call the same kernels in the same order, each computes its share of a kernel's
   output, and what is computed does not depend on how many they are. A null pointer is a team of one. */
typedef struct xlstm_team {
  int64_t part, parts; /* this thread is number `part` of `parts` */
  /* Returns when all members have called it; what they wrote before can be read after. */
  void (*meet)(const struct xlstm_team *team);
} xlstm_team;

/* The last argument of a kernel on the CPU; in C++ it may be left out. */
#ifdef __cplusplus
#define XLSTM_ALONE = nullptr
#else
#define XLSTM_ALONE
#endif

#endif /* XLSTM_KERNELS_TEAM_H */
