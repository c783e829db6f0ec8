//===- Embed.cpp - rows of the embedding table ------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cpu/Share.h"
#include "xlstm/Kernels/CpuCalls.h"

using namespace xlstm::cpu;

template <typename Format>
XLSTM_INLINE void embed(const int64_t *__restrict ids, const typename Format::Stored *__restrict table,
                        float *__restrict y, int64_t tokens, int64_t vocab, int64_t dim, const xlstm_team *team) {
  Share share = shareOf(team, tokens);
  for (int64_t t = share.begin; t < share.end; ++t) {
    float *out = y + t * dim;
    if (ids[t] < 0 || ids[t] >= vocab) {
      memset(out, 0, dim * sizeof(float));
      continue;
    }
    const typename Format::Stored *row = table + ids[t] * dim;
    forVecs(dim,
            [&](int64_t c, int64_t count) XLSTM_ALWAYS_INLINE { store(out + c, load<Format>(row + c, count), count); });
  }
}

#define XLSTM_DEFINE_EMBED(suffix, Format)                                                                             \
  void xlstm_cpu_embed_##suffix(const int64_t *ids, const Format::Stored *table, float *y, int64_t tokens,             \
                                int64_t vocab, int64_t dim, const xlstm_team *team) {                                  \
    embed<Format>(ids, table, y, tokens, vocab, dim, team);                                                            \
  }

XLSTM_DEFINE_EMBED(f32, F32)
XLSTM_DEFINE_EMBED(bf16, Bf16)
XLSTM_DEFINE_EMBED(f16, F16)
