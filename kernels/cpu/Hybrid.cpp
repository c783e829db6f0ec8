//===- Hybrid.cpp - C ABI of the fused mixer on the CPU --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chooses the instruction set, deals the tasks to the threads, and does what is once a call.

#include "xlstm/Kernels/Hybrid.h"
#include "xlstm/Kernels/Turns.h"

#include "kernels/common/Isa.h"
#include "kernels/common/ThreadPool.h"
#include "kernels/cpu/HybridIsa.h"
#include "kernels/cpu/HybridStorage.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

using namespace xlstm::cpu::hybrid;
using xlstm::kernels::Isa;
using xlstm::kernels::parallelFor;

namespace {

/// The functions of one instruction set.
struct Functions {
  decltype(&forwardPiece_plain) forwardPiece;
  decltype(&summarise_plain) summarise;
  decltype(&forwardBytes_plain) forwardBytes;
  decltype(&backwardHead_plain) backwardHead;
  decltype(&backwardBytes_plain) backwardBytes;
  decltype(&decodeHeads_plain) decodeHeads;
  decltype(&decodeBytes_plain) decodeBytes;
};

#define XLSTM_FUNCTIONS(suffix)                                                                                        \
  {                                                                                                                    \
    forwardPiece_##suffix, summarise_##suffix, forwardBytes_##suffix, backwardHead_##suffix, backwardBytes_##suffix,   \
        decodeHeads_##suffix, decodeBytes_##suffix                                                                     \
  }

const Functions &functions() {
  static const Functions plain = XLSTM_FUNCTIONS(plain);
#if defined(__x86_64__)
  static const Functions avx2 = XLSTM_FUNCTIONS(avx2), avx512 = XLSTM_FUNCTIONS(avx512);
  Isa isa = xlstm::kernels::isa();
  return isa == Isa::Avx512 ? avx512 : isa == Isa::Avx2 ? avx2 : plain;
#else
  return plain;
#endif
}

Call makeCall(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const xlstm_hybrid_state *state) {
  return {shape, in, state, (shape.d + 15) / 16 * 16};
}

/// Both workspaces: one slice a thread, 64 bytes aligned, behind what all threads share.
size_t threadSlices(int64_t bytes) { return size_t(bytes) * xlstm::kernels::threadCount() + 64; }
char *aligned(void *workspace) {
  return reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(workspace) + 63) & ~63ull);
}

int64_t mapBytes(const xlstm_hybrid_shape &s) { return s.B * s.H * s.d * s.d * int64_t(sizeof(float)); }

/// task(index, thread) over the pool.
template <typename Task>
void forTasks(int64_t count, Task task) {
  parallelFor(
      count, [](void *context, int64_t index, int64_t thread) { (*static_cast<Task *>(context))(index, thread); },
      &task);
}

/// Heads are cut into pieces of their tokens where there are fewer of them than threads: the memory of every piece
/// alone, then what is there before each, then all pieces at once. That costs two products in twenty and a state a
/// piece.
struct Pieces {
  int64_t heads, count, blocks; // of one piece

  explicit Pieces(const xlstm_hybrid_shape &s) : heads(s.B * s.H) {
    constexpr int64_t least = 4; // blocks of a piece, so that the window's keys before it are worth reading again
    int64_t all = (s.T + 63) / 64, threads = xlstm::kernels::threadCount();
    int64_t wanted = heads < threads ? std::min(all / least, (2 * threads + heads - 1) / heads) : 1;
    blocks = wanted > 1 ? (all + wanted - 1) / wanted : all;
    count = (all + blocks - 1) / blocks;
  }

  int64_t stateFloats(const Call &call) const { return (call.s.d + 1) * call.dp; }
  int64_t states() const { return count > 1 ? heads * count : 0; }
  size_t bytes(const Call &call) const { return size_t(states() * stateFloats(call)) * sizeof(float); }
  /// The piece before the first is empty.
  Piece piece(const Call &call, int64_t task, int64_t n) const {
    return {task, std::max<int64_t>(n, 0) * blocks, std::min((n + 1) * blocks, (call.s.T + 63) / 64), nullptr};
  }
};

/// `own` becomes the memory behind its piece, `before` being that in front of it.
void join(const Call &call, const PieceMemory &before, PieceMemory &own) {
  if (!own.carries || before.max == -INFINITY)
    return;
  double old = before.max + own.forgotten;
  float max = std::max(float(old), own.max), kept = float(std::exp(old - max));
  float added = own.max == -INFINITY ? 0.0f : float(std::exp(double(own.max) - max));
  for (int64_t n = 0; n < call.s.d * call.dp; ++n)
    own.S[n] = kept * before.S[n] + added * own.S[n];
  for (int64_t n = 0; n < call.s.d; ++n)
    own.z[n] = kept * before.z[n] + added * own.z[n];
  own.max = max;
}

/// The memory before every piece, those of a head side by side; none where heads are whole. The first is copied, as the
/// last piece writes the state.
std::vector<PieceMemory> memoriesOf(const Call &call, const Functions &isa, const Pieces &pieces, char *space,
                                    int64_t slice) {
  float *states = reinterpret_cast<float *>(space + slice * xlstm::kernels::threadCount());
  std::vector<PieceMemory> memories(pieces.states());
  for (PieceMemory &memory : memories) {
    memory.S = states, memory.z = states + call.s.d * call.dp;
    states += pieces.stateFloats(call);
  }
  forTasks(pieces.states(), [&](int64_t index, int64_t thread) {
    Piece piece = pieces.piece(call, index / pieces.count, index % pieces.count - 1);
    isa.summarise(call, piece, memories[index], space + thread * slice);
  });
  for (int64_t n = 0; n < pieces.states(); ++n)
    if (n % pieces.count > 0)
      join(call, memories[n - 1], memories[n]);
  return memories;
}

/// What later pieces need of this one's keys: ring, sinks and the document's length.
void remember(const Call &call, xlstm_hybrid_state &state, int64_t b) {
  const xlstm_hybrid_shape &s = call.s;
  int64_t last = call.in.doc_start ? call.in.doc_start[b * s.T + s.T - 1] : -1;
  int64_t base = last < 0 ? -int64_t(state.pos[b]) : last, width = s.Hkv * s.d;
  std::vector<float> buffer(width);
  auto copy = [&](int64_t t, void *k, void *v, int64_t row) {
    for (auto [from, to] : {std::pair(call.in.k, k), std::pair(call.in.v, v)}) {
      readRow(from, s.type, b * s.T + t, width, buffer.data());
      writeRow(to, s.ring_type, row, width, buffer.data());
    }
  };
  for (int64_t t = std::max<int64_t>(std::max<int64_t>(base, 0), s.T - s.W); t < s.T; ++t)
    copy(t, state.ring_k, state.ring_v, b * s.W + (t - base) % s.W);
  for (int64_t t = std::max<int64_t>(base, 0); t < std::min(s.T, base + s.S); ++t)
    copy(t, state.sink_k, state.sink_v, b * s.S + t - base);
  state.pos[b] = int32_t(s.T - base);
}

} // namespace

size_t xlstm_cpu_hybrid_forward_workspace(const xlstm_hybrid_shape *shape) {
  Call call = makeCall(*shape, {}, nullptr);
  return threadSlices(functions().forwardBytes(call)) + Pieces(*shape).bytes(call);
}

size_t xlstm_cpu_hybrid_backward_workspace(const xlstm_hybrid_shape *shape) {
  return threadSlices(functions().backwardBytes(makeCall(*shape, {}, nullptr))) + 2 * size_t(mapBytes(*shape));
}

void xlstm_cpu_hybrid_forward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, xlstm_hybrid_state *state,
                              void *h, xlstm_hybrid_saved *saved, void *workspace) {
  Call call = makeCall(*shape, *in, state);
  const Functions &isa = functions();
  int64_t slice = isa.forwardBytes(call);
  char *space = aligned(workspace);
  Pieces pieces(*shape);
  std::vector<PieceMemory> memories = memoriesOf(call, isa, pieces, space, slice);
  forTasks(pieces.heads * pieces.count, [&](int64_t index, int64_t thread) {
    Piece piece = pieces.piece(call, index / pieces.count, index % pieces.count);
    if (pieces.count > 1)
      piece.before = &memories[index];
    isa.forwardPiece(call, {h, state, saved}, piece, space + thread * slice);
  });
  if (state) // the heads of a row read the ring that this replaces
    forTasks(shape->B, [&](int64_t b, int64_t) { remember(call, *state, b); });
}

void xlstm_cpu_hybrid_backward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                               const xlstm_hybrid_state *initial, const xlstm_hybrid_saved *saved, const void *,
                               const void *dh, const xlstm_hybrid_state *d_state, xlstm_hybrid_gradients *out,
                               void *workspace) {
  const xlstm_hybrid_shape &s = *shape;
  Call call = makeCall(s, *in, initial);
  const Functions &isa = functions();
  int64_t slice = isa.backwardBytes(call), map = s.H * s.d * s.d;
  char *space = aligned(workspace);
  float *maps = reinterpret_cast<float *>(space + slice * xlstm::kernels::threadCount());
  BackwardOutputs outputs = {saved, dh, d_state, out, maps, maps + s.B * map};
  forTasks(s.B * s.Hkv,
           [&](int64_t index, int64_t thread) { isa.backwardHead(call, outputs, index, space + thread * slice); });
  // Rows are added in order, whichever thread had them.
  for (auto [from, to] : {std::pair(outputs.qMaps, out->q_map), std::pair(outputs.kMaps, out->k_map)})
    for (int64_t b = 0; to && b < s.B; ++b)
      for (int64_t n = 0; n < map; ++n)
        to[n] = b == 0 ? from[n] : to[n] + from[b * map + n];
}

void xlstm_cpu_hybrid_decode(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, const int64_t *turns,
                             float rope_factor, xlstm_hybrid_state *state, void *h) {
  Call call = makeCall(*shape, *in, state);
  const Functions &isa = functions();
  for (int64_t b = 0; in->doc_start && b < shape->B; ++b)
    if (in->doc_start[b] >= 0) {
      std::fill_n(state->m + b * shape->H, shape->H, -INFINITY);
      state->pos[b] = 0;
    }
  std::vector<float> angles;
  int64_t count = turns ? shape->B * (shape->d / 2) : 0;
  angles.resize(2 * count);
  for (int64_t n = 0; n < count; ++n) {
    double angle = xlstm::angleAt(state->pos[n / (shape->d / 2)], turns[n % (shape->d / 2)]);
    angles[n] = float(std::cos(angle) * rope_factor);
    angles[count + n] = float(std::sin(angle) * rope_factor);
  }
  DecodeOutputs outputs = {count ? angles.data() : nullptr, angles.data() + count, state, h};
  // The heads of a row lie side by side in its ring: they are dealt to threads only where there are too few rows.
  int64_t threads = xlstm::kernels::threadCount(), parts = 1, slice = isa.decodeBytes(call);
  while (parts < shape->Hkv && shape->B * parts < threads)
    ++parts;
  auto workspace = std::make_unique_for_overwrite<char[]>(threadSlices(slice));
  forTasks(shape->B * parts, [&](int64_t index, int64_t thread) {
    int64_t part = index % parts, first = part * shape->Hkv / parts, last = (part + 1) * shape->Hkv / parts;
    isa.decodeHeads(call, outputs, index / parts, first, last, aligned(workspace.get()) + thread * slice);
  });
  for (int64_t b = 0; b < shape->B; ++b)
    ++state->pos[b];
}
