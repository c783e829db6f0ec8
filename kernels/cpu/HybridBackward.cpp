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
  float *mappedQT, *mappedKT, *S, *z, *max; // features [d, Block] of each chunk, dp Block apart

  Sweep(Arena &arena, const Call &call) {
    int64_t chunks = blocksFor(call.s.T), all = chunks * Block * call.dp;
    mappedQT = arena.floats(all), mappedKT = arena.floats(all);
    S = arena.floats(chunks * call.s.d * call.dp), z = arena.floats(chunks * call.dp), max = arena.floats(chunks);
  }
};

struct Space {
  float *qMap, *kMap;
  Sweep sweep;
  Keys keys;
  Sinks sinks;
  KeySums sums;
  MemoryGradient memory;
  Chunk chunk;
  float *mapGradients[2];

  Space(Arena &arena, const Call &call)
      : qMap(arena.floats(call.s.d * call.dp)), kMap(arena.floats(call.s.d * call.dp)), sweep(arena, call),
        keys(Keys::make(arena, call, blocksFor(call.s.T) + blocksFor(call.s.W))), sinks(Sinks::make(arena, call)),
        sums(arena, call, keys, sinks), memory(arena, call), chunk(arena, call) {
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
    float *qT = space.sweep.mappedQT + t0 * dp, *kT = space.sweep.mappedKT + t0 * dp;
    memcpy(space.sweep.S + n * d * dp, chunk.memory.S, d * dp * sizeof(float));
    memcpy(space.sweep.z + n * dp, chunk.memory.z, dp * sizeof(float));
    space.sweep.max[n] = max;
    head.readQueries(call.in.q, t0, count, chunk.q);
    Ahead ahead(head, t0 + Block);
    ahead.queries[0] = call.in.q;
    transpose(chunk.q, dp, chunk.xT, Block, Block, d);
    ahead.ask(Block / 2);
    features(chunk.xT, space.qMap, qT, d, dp);
    ahead.ask(Block / 2);
    transpose(space.keys.k + space.keys.slot(n) * Block * dp, dp, chunk.xT, Block, Block, d);
    features(chunk.xT, space.kMap, kT, d, dp);
    max = openGates(head, t0, count, max, chunk.gates);
    const float *v = space.keys.v + space.keys.slot(n) * Block * dp;
    chunk.memory.update(chunk.gates, kT, v, count, d, dp, chunk.scaledT);
  }
}

/// Gradient through features = softmax(map x): adds to dx [Block, dp] and dMap [d, dp]; dFeaturesT is overwritten.
static void mapBackward(const Call &call, const float *map, const float *x, const float *mappedT, float *dFeaturesT,
                        float *dx, float *dMap) {
  int64_t d = call.s.d, dp = call.dp;
  float along[Block];
  dotColumns(mappedT, dFeaturesT, d, along);
  for (int64_t at = 0; at < d * Block; at += Width)
    put(dFeaturesT + at, get(mappedT + at) * (get(dFeaturesT + at) - get(along + at % Block)));
  product<true>(turned(dFeaturesT, Block), map, dp, dx, dp, Block, dp, d);
  product<true>(rows(dFeaturesT, Block), x, dp, dMap, dp, d, dp, Block);
}

/// Both branches of one block of 64 tokens.
static void backwardBlock(const Head &head, Space &space, int64_t n, const BackwardOutputs &out) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp, t0 = n * Block, count = least(Block, call.s.T - t0);
  int64_t at = space.keys.slot(n) * Block * dp;
  Chunk &chunk = space.chunk;
  float logSums[Block] = {};
  Queries queries(head, t0, count);
  head.readQueries(call.in.q, t0, count, chunk.q);
  transpose(chunk.q, dp, chunk.qT, Block, Block, d);
  head.readQueries(out.dh, t0, count, chunk.dh);
  Ahead ahead(head, t0 - Block);
  ahead.queries[0] = call.in.q, ahead.queries[1] = out.dh;
  if (out.saved && out.saved->window_out && out.saved->window_lse) {
    head.readQueries(out.saved->window_out, t0, count, chunk.window);
    ahead.queries[2] = out.saved->window_out;
    memcpy(logSums, out.saved->window_lse + head.memory() * call.s.T + t0, count * sizeof(float));
  } else {
    windowForward(queries, chunk.qT, space.keys, space.sinks, chunk.scoresT, chunk.window, logSums, ahead);
  }
  chunk.mappedQT = space.sweep.mappedQT + t0 * dp, chunk.mappedKT = space.sweep.mappedKT + t0 * dp;
  chunk.memory = {space.sweep.S + n * d * dp, space.sweep.z + n * dp};
  openGates(head, t0, count, space.sweep.max[n], chunk.gates);
  memoryBackward(head, chunk, t0, count, {space.keys.v + at, space.sums.keys.dv + at}, space.memory, *out.gradients);
  clear(chunk.dq, Block * dp);
  windowBackward(queries, chunk, space.keys, space.sinks, space.sums, logSums, ahead);
  mapBackward(call, space.qMap, chunk.q, chunk.mappedQT, chunk.dMappedQT, chunk.dq, space.mapGradients[0]);
  mapBackward(call, space.kMap, space.keys.k + at, chunk.mappedKT, chunk.dMappedKT, space.sums.keys.dk + at,
              space.mapGradients[1]);
  for (int64_t r = 0; out.gradients->q && r < count; ++r)
    writeRow(out.gradients->q, call.s.type, head.query(t0 + r), d, chunk.dq + r * dp);
}

static void backwardQueries(const Head &head, Space &space, const BackwardOutputs &out) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp, chunks = blocksFor(call.s.T);
  readMap(head, call.in.q_map, space.qMap), readMap(head, call.in.k_map, space.kMap);
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
  return reinterpret_cast<int64_t>(arena.next); // counted from null
}

} // namespace xlstm::cpu::hybrid
