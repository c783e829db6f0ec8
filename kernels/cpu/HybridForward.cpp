//===- HybridForward.cpp - the fused mixer, forward ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is one row and query head. It walks the tokens in blocks of 64: feature maps, window branch, memory, mix, with
// everything in between in the thread's workspace; q, k, v are read once a head and h is written once.

#include "kernels/cpu/HybridBranches.h"
#include "kernels/cpu/HybridIsa.h"

namespace xlstm::cpu::hybrid {

namespace {

struct Space {
  float *map, *qMapT, *kMapT, *q, *mappedQ, *mappedK, *mappedKT, *scores, *window, *output, *logSums;
  Memory memory;
  Keys keys;
  Sinks sinks;

  Space(Arena &arena, const Call &call) {
    int64_t map_ = call.s.d * call.dp, rows_ = Block * call.dp;
    map = arena.floats(map_), qMapT = arena.floats(map_), kMapT = arena.floats(map_);
    q = arena.floats(rows_), mappedQ = arena.floats(rows_), mappedK = arena.floats(rows_);
    mappedKT = arena.floats(rows_), scores = arena.floats(MatrixSize), window = arena.floats(rows_);
    output = arena.floats(rows_), logSums = arena.floats(Block);
    memory = Memory::make(arena, call);
    int64_t all = blocksFor(call.s.T) + blocksFor(call.s.W);
    keys = Keys::make(arena, call, least(all, blocksFor(call.s.W) + 2), false);
    sinks = Sinks::make(arena, call, false);
  }
};

} // namespace

/// The memory's numerators and denominators of a chunk: output [count, dp] and `sums`, before division.
XLSTM_INLINE void readMemory(const Space &space, const Gates &gates, const float *values, int64_t count, int64_t d,
                             int64_t dp, float *sums) {
  product<false>(rows(space.mappedQ, dp), space.mappedKT, Block, space.scores, Block, count, Block, d);
  weigh(gates, space.scores, nullptr, count, sums);
  product<false>(rows(space.mappedQ, dp), space.memory.S, dp, space.output, dp, count, dp, d);
  for (int64_t r = 0; r < count; ++r) {
    float weight = carried(gates, r);
    scale(space.output + r * dp, weight, dp);
    sums[r] += weight * dotOf(space.mappedQ + r * dp, space.memory.z, dp);
  }
  product<true>(rows(space.scores, Block), values, dp, space.output, dp, count, dp, Block);
}

static void keepForBackward(const Head &head, const xlstm_hybrid_saved &saved, const Space &space, const Gates &gates,
                            const float *sums, int64_t t0, int64_t count) {
  int64_t at = head.memory() * head.call.s.T + t0;
  for (int64_t r = 0; r < count; ++r) {
    if (saved.window_lse)
      saved.window_lse[at + r] = space.logSums[r];
    if (saved.max)
      saved.max[at + r] = float(gates.sum[r] + gates.top[r]);
    if (saved.denominator)
      saved.denominator[at + r] = sums[r];
    if (saved.window_out)
      writeRow(saved.window_out, head.call.s.type, head.query(t0 + r), head.call.s.d, space.window + r * head.call.dp);
  }
}

/// Tokens t0 on; returns the memory's new maximum.
static float forwardBlock(const Head &head, Space &space, int64_t t0, float before, const ForwardOutputs &out) {
  const Call &call = head.call;
  int64_t d = call.s.d, dp = call.dp, count = least(Block, call.s.T - t0), n = blockOf(t0);
  float sums[Block];
  space.keys.fill(head, n);
  const float *k = space.keys.k + space.keys.slot(n) * Block * dp, *v = space.keys.v + space.keys.slot(n) * Block * dp;
  head.readQueries(call.in.q, t0, count, space.q);
  windowForward(Queries(head, t0, count), space.q, space.keys, space.sinks, space.scores, space.window, space.logSums);
  features(space.q, space.qMapT, space.mappedQ, count, d, dp);
  features(k, space.kMapT, space.mappedK, Block, d, dp);
  transpose(space.mappedK, dp, space.mappedKT, Block, Block, d);
  Gates gates;
  float after = openGates(head, t0, count, before, gates);
  readMemory(space, gates, v, count, d, dp, sums);
  space.memory.update(gates, space.mappedK, v, count, d, dp, space.mappedKT);
  for (int64_t r = 0; r < count; ++r) {
    float open = sigmoid(call.in.o_gate[head.query(t0 + r)]), divisor = maximum(sums[r], LeastDenominator);
    scaleAdd(space.output + r * dp, open / divisor, space.window + r * dp, 1.0f - open, dp);
    writeRow(out.h, call.s.type, head.query(t0 + r), d, space.output + r * dp);
  }
  if (out.saved)
    keepForBackward(head, *out.saved, space, gates, sums, t0, count);
  return after;
}

void XLSTM_ISA_NAME(forwardHead)(const Call &call, const ForwardOutputs &out, int64_t task, char *workspace) {
  Arena arena{workspace};
  Space space(arena, call);
  Head head{call, task / call.s.H, task % call.s.H, task % call.s.H / (call.s.H / call.s.Hkv)};
  clear(space.q, Block * call.dp); // the padding stays zero
  readMap(head, call.in.q_map, space.map, space.qMapT);
  readMap(head, call.in.k_map, space.map, space.kMapT);
  for (int64_t n = firstKeyBlock(head); n < 0; ++n)
    space.keys.fill(head, n);
  float max = space.memory.load(head);
  for (int64_t t0 = 0; t0 < call.s.T; t0 += Block)
    max = forwardBlock(head, space, t0, max, out);
  if (!out.state)
    return;
  space.memory.store(head, out.state->S, out.state->z);
  out.state->m[head.memory()] = max;
}

int64_t XLSTM_ISA_NAME(forwardBytes)(const Call &call) {
  Arena arena{nullptr};
  Space space(arena, call);
  return int64_t(arena.next - static_cast<char *>(nullptr));
}

} // namespace xlstm::cpu::hybrid
