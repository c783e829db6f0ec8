//===- Mix.cpp - y = sigmoid(gate) memory + (1 - sigmoid(gate)) window --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

void xlstm_cpu_mix(const float *__restrict gate, const float *__restrict memory, const float *__restrict window,
                   float *__restrict y, int64_t n, int64_t d, const xlstm_team *team) {
  Share share = shareOf(team, n);
  for (int64_t r = share.begin; r < share.end; ++r) {
    float open = sigmoid(gate[r]), closed = sigmoid(-gate[r]); // 1 - open would round a small remainder away
    int64_t row = r * d;
    forVecs(d, [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE {
      Vec value = open * load(memory + row + c, count) + closed * load(window + row + c, count);
      store(y + row + c, value, count);
    });
  }
}
