//===- HybridForward.cpp - the fused mixer, forward ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A task is one row and query head, or a piece of its tokens. It walks them in blocks of 64: feature maps, window
// branch, memory, mix, with everything in between in the thread's workspace; q, k, v are read once a head and h is
// written once.

#include "kernels/cpu/HybridBranches.h"
#include "kernels/cpu/HybridIsa.h"

namespace xlstm::cpu::hybrid {

namespace {

struct Space {
  float *qMap, *kMap, *q, *xT, *mappedQT, *mappedKT, *scaledT, *scoresT, *weightsT, *window, *output, *logSums;
  Memory memory;
  Keys keys;
  Sinks sinks;

  Space(Arena &arena, const Call &call) {
    int64_t map = call.s.d * call.dp, block = Block * call.dp;
    qMap = arena.floats(map), kMap = arena.floats(map), q = arena.floats(block), xT = arena.floats(block);
    mappedQT = arena.floats(block), mappedKT = arena.floats(block), scaledT = arena.floats(block);
    scoresT = arena.floats(MatrixSize), weightsT = arena.floats(MatrixSize), window = arena.floats(block);
    output = arena.floats(block), logSums = arena.floats(Block);
    memory = Memory::make(arena, call);
    int64_t all = blocksFor(call.s.T) + blocksFor(call.s.W);
    keys = Keys::make(arena, call, least(all, blocksFor(call.s.W) + 2));
    sinks = Sinks::make(arena, call);
  }
};

} // namespace

/// The memory's numerators and denominators of a chunk: output [count, dp] and `sums` [Block], before division.
XLSTM_INLINE void readMemory(const Space &space, const Gates &gates, const float *values, int64_t count, int64_t d,
                             int64_t dp, float *sums) {
  float carried[Block];
  Seen seen = Seen::triangle(count);
  scoreKeys(seen, turned(space.mappedKT, Block), space.mappedQT, space.scoresT, d);
  weigh(gates, space.scoresT, space.weightsT, sums);
  carry(gates, count, carried);
  readState(space.mappedQT, carried, space.memory.z, d, space.scaledT, sums);
  product<false>(turned(space.scaledT, Block), space.memory.S, dp, space.output, dp, Block, dp, d);
  addToQueries(seen, space.scoresT, values, space.output, dp);
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
  Ahead ahead(head, t0 + Block);
  ahead.queries[0] = call.in.q, ahead.keys[0] = call.in.k, ahead.keys[1] = call.in.v;
  transpose(space.q, dp, space.xT, Block, Block, d);
  windowForward(Queries(head, t0, count), space.xT, space.keys, space.sinks, space.scoresT, space.window, space.logSums,
                ahead);
  features(space.xT, space.qMap, space.mappedQT, d, dp);
  transpose(k, dp, space.xT, Block, Block, d);
  features(space.xT, space.kMap, space.mappedKT, d, dp);
  Gates gates;
  float after = openGates(head, t0, count, before, gates);
  readMemory(space, gates, v, count, d, dp, sums);
  space.memory.update(gates, space.mappedKT, v, count, d, dp, space.scaledT);
  for (int64_t r = 0; r < count; ++r) {
    float open = sigmoid(call.in.o_gate[head.query(t0 + r)]), divisor = maximum(sums[r], LeastDenominator);
    scaleAdd(space.output + r * dp, open / divisor, space.window + r * dp, 1.0f - open, dp);
    writeRow(out.h, call.s.type, head.query(t0 + r), d, space.output + r * dp);
  }
  if (out.saved)
    keepForBackward(head, *out.saved, space, gates, sums, t0, count);
  return after;
}

static Head headOf(const Call &call, int64_t task) {
  int64_t h = task % call.s.H;
  return {call, task / call.s.H, h, h / (call.s.H / call.s.Hkv)};
}

/// Puts the memory before the piece into `memory`; returns its maximum.
static float loadBefore(const Head &head, const Piece &piece, const Memory &memory) {
  if (!piece.before)
    return memory.load(head);
  memcpy(memory.S, piece.before->S, head.call.s.d * head.call.dp * sizeof(float));
  memcpy(memory.z, piece.before->z, head.call.dp * sizeof(float));
  return piece.before->max;
}

void XLSTM_ISA_NAME(forwardPiece)(const Call &call, const ForwardOutputs &out, const Piece &piece, char *workspace) {
  Arena arena{workspace};
  Space space(arena, call);
  Head head = headOf(call, piece.task);
  clear(space.q, Block * call.dp); // the padding stays zero
  readMap(head, call.in.q_map, space.qMap);
  readMap(head, call.in.k_map, space.kMap);
  for (int64_t n = most(firstKeyBlock(head), blockOf(piece.first * Block - call.s.W + 1)); n < piece.first; ++n)
    space.keys.fill(head, n);
  float max = loadBefore(head, piece, space.memory);
  for (int64_t n = piece.first; n < piece.last; ++n)
    max = forwardBlock(head, space, n * Block, max, out);
  if (!out.state || piece.last * Block < call.s.T)
    return;
  space.memory.store(head, out.state->S, out.state->z);
  out.state->m[head.memory()] = max;
}

void XLSTM_ISA_NAME(summarise)(const Call &call, const Piece &piece, PieceMemory &own, char *workspace) {
  Arena arena{workspace};
  Space space(arena, call);
  Head head = headOf(call, piece.task);
  int64_t d = call.s.d, dp = call.dp;
  Memory memory = {own.S, own.z};
  readMap(head, call.in.k_map, space.kMap);
  clear(own.S, d * dp), clear(own.z, dp);
  own.max = piece.last == 0 ? memory.load(head) : -Infinity;
  own.forgotten = 0, own.carries = piece.last > 0;
  for (int64_t n = piece.first; n < piece.last; ++n) {
    Gates gates;
    int64_t count = least(Block, call.s.T - n * Block), at = space.keys.slot(n) * Block * dp;
    space.keys.fill(head, n);
    transpose(space.keys.k + at, dp, space.xT, Block, Block, d);
    features(space.xT, space.kMap, space.mappedKT, d, dp);
    own.max = openGates(head, n * Block, count, own.max, gates);
    memory.update(gates, space.mappedKT, space.keys.v + at, count, d, dp, space.scaledT);
    own.carries &= gates.carries[count - 1];
    own.forgotten += gates.sum[count - 1];
  }
}

int64_t XLSTM_ISA_NAME(forwardBytes)(const Call &call) {
  Arena arena{nullptr};
  Space space(arena, call);
  return reinterpret_cast<int64_t>(arena.next); // counted from null
}

} // namespace xlstm::cpu::hybrid
