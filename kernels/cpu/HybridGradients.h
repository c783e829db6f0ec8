//===- HybridGradients.h - where the backward pass keeps its sums ------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CPU_HYBRIDGRADIENTS_H
#define XLSTM_KERNELS_CPU_HYBRIDGRADIENTS_H

#include "kernels/cpu/HybridBranches.h"

namespace xlstm::cpu::hybrid {

/// Gradients of keys and values, laid out as Keys or as the tiles of Sinks.
struct KeyGradients {
  float *dk, *dv;
  int64_t size;

  KeyGradients(Arena &arena, const Call &call, int64_t slots)
      : dk(arena.floats(slots * Block * call.dp)), dv(arena.floats(slots * Block * call.dp)),
        size(slots * Block * call.dp) {}

  void clearAll() const { clear(dk, size), clear(dv, size); }
};

/// All key gradients of one row and key head.
struct KeySums {
  KeyGradients keys, sinks, stateSinks; // of the blocks, of the tiles in use, of the state's sinks
  int64_t slots;

  KeySums(Arena &arena, const Call &call, const Keys &blocks, const Sinks &tiles)
      : keys(arena, call, blocks.slots), sinks(arena, call, tiles.keys.slots),
        stateSinks(arena, call, tiles.keys.slots), slots(blocks.slots) {}

  void clearAll() const { keys.clearAll(), sinks.clearAll(), stateSinks.clearAll(); }

  /// Where token t lies in `keys`.
  int64_t at(int64_t t, int64_t dp) const {
    int64_t n = blockOf(t);
    return (((n % slots + slots) % slots) * Block + (t & (Block - 1))) * dp;
  }

  /// Hands the tiles' gradients to their tokens or to the state's sinks.
  void flush(const Head &head, const Sinks &tiles) const {
    int64_t dp = head.call.dp;
    for (int64_t s = 0; tiles.isFilled && s < head.call.s.S && tiles.base + s < head.call.s.T; ++s) {
      bool isToken = tiles.base + s >= 0;
      const KeyGradients &to = isToken ? keys : stateSinks;
      int64_t row = isToken ? at(tiles.base + s, dp) : s * dp;
      scaleAdd(to.dk + row, 1, sinks.dk + s * dp, 1, dp);
      scaleAdd(to.dv + row, 1, sinks.dv + s * dp, 1, dp);
    }
    sinks.clearAll();
  }

  void store(const Head &head, const xlstm_hybrid_gradients &out) const {
    const xlstm_hybrid_shape &s = head.call.s;
    int64_t dp = head.call.dp;
    for (int64_t t = 0; t < s.T; ++t) {
      if (out.k)
        writeRow(out.k, s.type, head.key(t), s.d, keys.dk + at(t, dp));
      if (out.v)
        writeRow(out.v, s.type, head.key(t), s.d, keys.dv + at(t, dp));
    }
    auto writeState = [&](float *to, int64_t slot, int64_t extent, const float *from) {
      if (to)
        writeRow(to, XLSTM_F32, (head.b * extent + slot) * s.Hkv + head.g, s.d, from);
    };
    const float zero[256] = {};
    for (int64_t slot = 0; slot < s.W; ++slot) {
      int64_t back = ((head.past() - 1 - slot) % s.W + s.W) % s.W; // its position's distance from the newest
      bool isHeld = back < least(head.past(), s.W);
      int64_t row = isHeld ? at(-1 - back, dp) : 0;
      writeState(out.ring_k, slot, s.W, isHeld ? keys.dk + row : zero);
      writeState(out.ring_v, slot, s.W, isHeld ? keys.dv + row : zero);
    }
    for (int64_t slot = 0; slot < s.S; ++slot) {
      writeState(out.sink_k, slot, s.S, stateSinks.dk + slot * dp);
      writeState(out.sink_v, slot, s.S, stateSinks.dv + slot * dp);
    }
  }
};

/// The gradient of the state behind a chunk, and in front of it afterwards.
struct MemoryGradient {
  float *dS, *dz;

  MemoryGradient(Arena &arena, const Call &call) : dS(arena.floats(call.s.d * call.dp)), dz(arena.floats(call.dp)) {}

  void load(const Head &head, const xlstm_hybrid_state *from) const {
    int64_t d = head.call.s.d, dp = head.call.dp;
    clear(dS, d * dp), clear(dz, dp);
    for (int64_t a = 0; from && from->S && a < d; ++a)
      readRow(from->S, XLSTM_F32, head.memory() * d + a, d, dS + a * dp);
    if (from && from->z)
      readRow(from->z, XLSTM_F32, head.memory(), d, dz);
  }

  double along(const Memory &memory, int64_t d, int64_t dp) const {
    double sum = dotOf(dz, memory.z, dp);
    for (int64_t a = 0; a < d; ++a)
      sum += dotOf(dS + a * dp, memory.S + a * dp, dp);
    return sum;
  }

  void store(const Head &head, const Memory &first, const xlstm_hybrid_gradients &out) const {
    int64_t d = head.call.s.d, dp = head.call.dp;
    if (!head.hasMemory())
      clear(dS, d * dp), clear(dz, dp);
    if (out.m)
      out.m[head.memory()] = float(along(first, d, dp));
    Memory{dS, dz}.store(head, out.S, out.z);
  }
};

/// One block of tokens and the room its gradients need.
struct Chunk {
  float *q, *dh, *window, *qT, *xT, *dhT; // inputs; xT and dhT are used for several things
  float *scoresT, *weightsT, *dScoresT, *turnedScores, *scaledT;
  float *dq, *dMappedQT, *dMappedKT, *dNumerator;
  const float *mappedQT, *mappedKT;
  Memory memory, own; // before the chunk; room for the sweep forward
  Gates gates;
  float deltas[Block]; // the window branch's gradient along its output

  Chunk(Arena &arena, const Call &call) {
    int64_t size = Block * call.dp;
    q = arena.floats(size), dh = arena.floats(size), window = arena.floats(size), dq = arena.floats(size);
    qT = arena.floats(size), xT = arena.floats(size), dhT = arena.floats(size), scaledT = arena.floats(size);
    dMappedQT = arena.floats(size), dMappedKT = arena.floats(size), dNumerator = arena.floats(size);
    scoresT = arena.floats(MatrixSize), weightsT = arena.floats(MatrixSize), dScoresT = arena.floats(MatrixSize);
    turnedScores = arena.floats(MatrixSize);
    own = Memory::make(arena, call);
  }

  /// The padding of what is read row by row.
  void clearPadding(const Call &call) const {
    int64_t size = Block * call.dp;
    clear(q, size), clear(dh, size), clear(window, size);
  }
};

/// A block's values and their gradient.
struct Values {
  const float *v;
  float *dv;
};

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDGRADIENTS_H
