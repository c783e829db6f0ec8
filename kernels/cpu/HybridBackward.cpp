//===- HybridBackward.cpp - the fused mixer, backward ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is one row and key head: the gradients of k and v are summed over its query heads in a fixed order, in the
// thread's workspace, so no two threads ever add to one place. For each query head a sweep forward finds the features
// and the memory before every chunk; a sweep back takes the chunks from the last, both branches at once.

#include "kernels/cpu/HybridMemoryBackward.h"
#include "kernels/cpu/HybridWindowBackward.h"

namespace xlstm::cpu::hybrid {

namespace {

/// One head's sweep forward: features of all tokens, the memory and its maximum before every chunk.
struct Sweep {
  float *mappedQ, *mappedK, *S, *z, *max;

  Sweep(Arena &arena, const Call &call) {
    int64_t chunks = blocksFor(call.s.T), all = chunks * Block * call.dp;
    mappedQ = arena.floats(all), mappedK = arena.floats(all);
    S = arena.floats(chunks * call.s.d * call.dp), z = arena.floats(chunks * call.dp), max = arena.floats(chunks);
  }
};

struct Space {
  Maps qMap, kMap;
  Sweep sweep;
  Keys keys;
  Sinks sinks;
  KeySums sums;
  MemoryGradient memory;
  Chunk chunk;
  float *mapGradients[2];

  Space(Arena &arena, const Call &call)
      : qMap(arena, call), kMap(arena, call), sweep(arena, call),
        keys(Keys::make(arena, call, blocksFor(call.s.T) + blocksFor(call.s.W), true)),
        sinks(Sinks::make(arena, call, true)), sums(arena, call, keys, sinks), memory(arena, call), chunk(arena, call) {
    for (float *&map : mapGradients)
      map = arena.floats(call.s.d * call.dp);
  }
};

} // namespace

static void sweepForward(const Head &head, Space &space) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp;
  Chunk &chunk = space.chunk;
  float max = chunk.memory.load(head);
  for (int64_t n = 0; n < blocksFor(call.s.T); ++n) {
    int64_t t0 = n * Block, count = least(Block, call.s.T - t0);
    float *q = space.sweep.mappedQ + t0 * dp, *k = space.sweep.mappedK + t0 * dp;
    memcpy(space.sweep.S + n * d * dp, chunk.memory.S, d * dp * sizeof(float));
    memcpy(space.sweep.z + n * dp, chunk.memory.z, dp * sizeof(float));
    space.sweep.max[n] = max;
    head.readQueries(call.in.q, t0, count, chunk.q);
    features(chunk.q, space.qMap.turned, q, count, d, dp);
    features(space.keys.k + space.keys.slot(n) * Block * dp, space.kMap.turned, k, Block, d, dp);
    max = openGates(head, t0, count, max, chunk.gates);
    const float *v = space.keys.v + space.keys.slot(n) * Block * dp;
    chunk.memory.update(chunk.gates, k, v, count, d, dp, chunk.scaled);
  }
}

/// Gradient through features = softmax(map x): adds to dx [count, dp] and dMap [d, dp]; dFeatures is overwritten.
static void mapBackward(const Call &call, const Maps &map, const float *x, const float *mapped, float *dFeatures,
                        int64_t count, float *dx, float *dMap) {
  int64_t d = call.s.d, dp = call.dp;
  for (int64_t r = 0; r < count; ++r) {
    const float *y = mapped + r * dp;
    float *g = dFeatures + r * dp, along = dotOf(y, g, dp);
    for (int64_t c = 0; c < dp; c += Width)
      put(g + c, get(y + c) * (get(g + c) - along));
  }
  product<true>(rows(dFeatures, dp), map.rows, dp, dx, dp, count, dp, d);
  product<true>(turned(dFeatures, dp), x, dp, dMap, dp, d, dp, count);
}

/// Both branches of one block of 64 tokens.
static void backwardBlock(const Head &head, Space &space, int64_t n, const BackwardOutputs &out) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp, t0 = n * Block, count = least(Block, call.s.T - t0);
  int64_t at = space.keys.slot(n) * Block * dp;
  Chunk &chunk = space.chunk;
  float logSums[Block];
  Queries queries(head, t0, count);
  head.readQueries(call.in.q, t0, count, chunk.q);
  head.readQueries(out.dh, t0, count, chunk.dh);
  if (out.saved && out.saved->window_out && out.saved->window_lse) {
    head.readQueries(out.saved->window_out, t0, count, chunk.window);
    memcpy(logSums, out.saved->window_lse + head.memory() * call.s.T + t0, count * sizeof(float));
  } else {
    windowForward(queries, chunk.q, space.keys, space.sinks, chunk.scores, chunk.window, logSums);
  }
  chunk.mappedQ = space.sweep.mappedQ + t0 * dp, chunk.mappedK = space.sweep.mappedK + t0 * dp;
  chunk.memory = {space.sweep.S + n * d * dp, space.sweep.z + n * dp};
  openGates(head, t0, count, space.sweep.max[n], chunk.gates);
  memoryBackward(head, chunk, t0, count, {space.keys.v + at, space.keys.vT + at, space.sums.keys.dv + at}, space.memory,
                 *out.gradients);
  clear(chunk.dq, Block * dp);
  windowBackward(queries, chunk, space.keys, space.sinks, space.sums, logSums);
  mapBackward(call, space.qMap, chunk.q, chunk.mappedQ, chunk.dMappedQ, count, chunk.dq, space.mapGradients[0]);
  mapBackward(call, space.kMap, space.keys.k + at, chunk.mappedK, chunk.dMappedK, count, space.sums.keys.dk + at,
              space.mapGradients[1]);
  for (int64_t r = 0; out.gradients->q && r < count; ++r)
    writeRow(out.gradients->q, call.s.type, head.query(t0 + r), d, chunk.dq + r * dp);
}

static void backwardQueries(const Head &head, Space &space, const BackwardOutputs &out) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp, chunks = blocksFor(call.s.T);
  space.qMap.read(head, call.in.q_map), space.kMap.read(head, call.in.k_map);
  for (float *map : space.mapGradients)
    clear(map, d * dp);
  space.chunk.memory = space.chunk.own;
  sweepForward(head, space);
  space.memory.load(head, out.dState);
  for (int64_t n = chunks - 1; n >= 0; --n)
    backwardBlock(head, space, n, out);
  Memory first = {space.sweep.S, space.sweep.z};
  space.memory.store(head, first, *out.gradients);
  for (int64_t a = 0; a < d; ++a) {
    writeRow(out.qMaps, XLSTM_F32, head.memory() * d + a, d, space.mapGradients[0] + a * dp);
    writeRow(out.kMaps, XLSTM_F32, head.memory() * d + a, d, space.mapGradients[1] + a * dp);
  }
}

void XLSTM_ISA_NAME(backwardHead)(const Call &call, const BackwardOutputs &out, int64_t task, char *workspace) {
  Arena arena{workspace};
  Space space(arena, call);
  int64_t group = call.s.H / call.s.Hkv, b = task / call.s.Hkv, g = task % call.s.Hkv;
  Head shared{call, b, g * group, g};
  space.chunk.clearPadding(call);
  for (int64_t n = firstKeyBlock(shared); n < blocksFor(call.s.T); ++n)
    space.keys.fill(shared, n);
  space.sums.clearAll();
  for (int64_t h = g * group; h < (g + 1) * group; ++h)
    backwardQueries({call, b, h, g}, space, out);
  space.sums.flush(shared, space.sinks);
  space.sums.store(shared, *out.gradients);
}

int64_t XLSTM_ISA_NAME(backwardBytes)(const Call &call) {
  Arena arena{nullptr};
  Space space(arena, call);
  return int64_t(arena.next - static_cast<char *>(nullptr));
}

} // namespace xlstm::cpu::hybrid
