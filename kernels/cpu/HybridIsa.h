//===- HybridIsa.h - the mixer's tasks in every instruction set ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// HybridForward, HybridBackward and HybridDecode are compiled once for each instruction set; this is what they define.

#ifndef XLSTM_KERNELS_CPU_HYBRIDISA_H
#define XLSTM_KERNELS_CPU_HYBRIDISA_H

#include "xlstm/Kernels/Hybrid.h"

namespace xlstm::cpu::hybrid {

/// What one call is about.
struct Call {
  xlstm_hybrid_shape s;
  xlstm_hybrid_inputs in;
  const xlstm_hybrid_state *state; // null: documents start at token 0
  int64_t dp;                      // d, padded to a multiple of 16
};

struct ForwardOutputs {
  void *h;
  xlstm_hybrid_state *state; // null: not wanted
  xlstm_hybrid_saved *saved; // null: inference
};

/// A head's memory behind a piece of its tokens: what the piece alone makes of an empty one (an empty piece at the
/// beginning: the state's), and once joined with the pieces before, what is there.
struct PieceMemory {
  float *S, *z; // [d, dp], [dp]
  float max;
  double forgotten; // the piece's sum of log f
  bool carries;     // no document starts in the piece
};

/// Blocks [first, last) of 64 tokens of one row and query head.
struct Piece {
  int64_t task, first, last;
  const PieceMemory *before; // null: the state's
};

struct BackwardOutputs {
  const xlstm_hybrid_saved *saved;
  const void *dh;
  const xlstm_hybrid_state *dState; // null: zero
  const xlstm_hybrid_gradients *gradients;
  float *qMaps, *kMaps; // [B, H, d, d], to be added over B
};

struct DecodeOutputs {
  const float *cosines, *sines; // [B, d/2], or null
  xlstm_hybrid_state *state;
  void *h;
};

/// A forward task is a piece; summarise runs its memory alone. A backward task is a row and key head; decode takes the
/// key heads [first, last) of row b.
#define XLSTM_DECLARE_ISA(suffix)                                                                                      \
  void forwardPiece_##suffix(const Call &call, const ForwardOutputs &out, const Piece &piece, char *workspace);        \
  void summarise_##suffix(const Call &call, const Piece &piece, PieceMemory &own, char *workspace);                    \
  int64_t forwardBytes_##suffix(const Call &call);                                                                     \
  void backwardHead_##suffix(const Call &call, const BackwardOutputs &out, int64_t task, char *workspace);             \
  int64_t backwardBytes_##suffix(const Call &call);                                                                    \
  void decodeHeads_##suffix(const Call &call, const DecodeOutputs &out, int64_t b, int64_t first, int64_t last,        \
                            char *workspace);                                                                          \
  int64_t decodeBytes_##suffix(const Call &call);

XLSTM_DECLARE_ISA(plain)
XLSTM_DECLARE_ISA(avx2)
XLSTM_DECLARE_ISA(avx512)

#define XLSTM_JOIN2(name, suffix) name##_##suffix
#define XLSTM_JOIN(name, suffix) XLSTM_JOIN2(name, suffix)
/// The name of this file's instruction set, which the build defines as XLSTM_ISA.
#define XLSTM_ISA_NAME(name) XLSTM_JOIN(name, XLSTM_ISA)

} // namespace xlstm::cpu::hybrid

#endif // XLSTM_KERNELS_CPU_HYBRIDISA_H
