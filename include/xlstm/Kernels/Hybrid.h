/*===- Hybrid.h - C ABI of the fused hybrid mixer: CPU and CUDA -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over q, k, v: feature maps, chunkwise mLSTM, window and sinks attention, sigmoid mix (docs/Method.md).
// Letters: B rows, T tokens, H query heads, Hkv key heads, d head width (a multiple of 8, at most 256), W window, S sinks.
// Arrays are dense, last dimension fastest; host memory for xlstm_cpu_*, device memory for xlstm_cuda_*.
*/

#ifndef XLSTM_KERNELS_HYBRID_H
#define XLSTM_KERNELS_HYBRID_H

#include "xlstm/Kernels/Types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int64_t B, T, H, Hkv, d, W, S;
  float scale;                /* of the window's scores, d^-1/2 in every teacher so far */
  enum xlstm_dtype type;      /* of q, k, v, h, q_map, k_map and their gradients */
  enum xlstm_dtype ring_type; /* of ring_k, ring_v, sink_k, sink_v */
  int32_t deterministic;      /* nonzero: backward gives the same bits every time */
} xlstm_hybrid_shape;

typedef struct {
  const void *q;                        /* [B,T,H,d], after RoPE */
  const void *k, *v;                    /* [B,T,Hkv,d], k after RoPE */
  const float *i_gate, *f_gate, *o_gate; /* pre-activations [B,T,H]; o = sigmoid(o_gate) */
  const void *q_map, *k_map;            /* [H,d,d]: feature a of head h is softmax over a of map[h][a] . x */
  const int32_t *doc_start; /* [B,T]: index in the row where the token's document begins, negative where that was before
                               this piece (the state's document); null: the whole piece continues the state's */
} xlstm_hybrid_inputs;

/* State of each sequence, updated in place. At a document's start S = z = 0, m = -inf, pos = 0. The true memory is
   exp(m) S. Slot p mod W of a ring holds position p. Any pointer null only where its extent is zero. */
typedef struct {
  float *S;              /* [B,H,d,d]: key feature, then value channel */
  float *z;              /* [B,H,d] */
  float *m;              /* [B,H] */
  void *ring_k, *ring_v; /* [B,W,Hkv,d] */
  void *sink_k, *sink_v; /* [B,S,Hkv,d], the document's first S positions */
  int32_t *pos;          /* [B], tokens of the document so far */
} xlstm_hybrid_state;

/* What forward keeps for backward; float32 unless said. Chunk states are recomputed, never kept per token. */
typedef struct {
  float *window_lse;  /* [B,H,T]: log of the sum of exp(score) over window and sinks */
  float *max;         /* [B,H,T]: the running maximum m_t */
  float *denominator; /* [B,H,T]: q~ . z in the frame of max, before the floor of 1e-30 */
  void *window_out;   /* [B,T,H,d] in `type`, or null: the window branch's output; null: recomputed */
} xlstm_hybrid_saved;

/* Gradients; every pointer may be null (not wanted). They are written, not added to. Types as the value's; maps, gates
   and states float32. The state's are with respect to the initial state, m's included (sum of S dS + z dz: S stands for
   exp(m) S); zero where the state was empty or the piece begins with a document. A key in ring and sinks counts once:
   as the ring's while it is in the window, as the sinks' afterwards, and so does its gradient. */
typedef struct {
  void *q, *k, *v;
  float *i_gate, *f_gate, *o_gate;
  float *q_map, *k_map;
  float *S, *z, *m;
  float *ring_k, *ring_v, *sink_k, *sink_v;
} xlstm_hybrid_gradients;

/* Bytes of scratch that a call needs; O(T) in tokens. */
size_t xlstm_cpu_hybrid_forward_workspace(const xlstm_hybrid_shape *shape);
size_t xlstm_cpu_hybrid_backward_workspace(const xlstm_hybrid_shape *shape);
size_t xlstm_cuda_hybrid_forward_workspace(const xlstm_hybrid_shape *shape);
size_t xlstm_cuda_hybrid_backward_workspace(const xlstm_hybrid_shape *shape);

/* h [B,T,H,d]. state null: every row starts a document and no final state is wanted. saved null: inference.
   The cuda forms enqueue on `stream` (a cudaStream_t), need no synchronisation, may be captured in a graph, and return 0
   or a cudaError_t; an unsupported shape is cudaErrorInvalidValue (1) before anything is enqueued. */
void xlstm_cpu_hybrid_forward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, xlstm_hybrid_state *state,
                              void *h, xlstm_hybrid_saved *saved, void *workspace);
int xlstm_cuda_hybrid_forward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, xlstm_hybrid_state *state,
                              void *h, xlstm_hybrid_saved *saved, void *workspace, void *stream);

/* dh [B,T,H,d] in `type`; d_state: gradient with respect to the final state's S, z (in the final m's frame), or null.
   `initial`: the state before forward (null: documents start), not the one forward left. */
void xlstm_cpu_hybrid_backward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                               const xlstm_hybrid_state *initial, const xlstm_hybrid_saved *saved, const void *h,
                               const void *dh, const xlstm_hybrid_state *d_state, xlstm_hybrid_gradients *out,
                               void *workspace);
int xlstm_cuda_hybrid_backward(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in,
                               const xlstm_hybrid_state *initial, const xlstm_hybrid_saved *saved, const void *h,
                               const void *dh, const xlstm_hybrid_state *d_state, xlstm_hybrid_gradients *out,
                               void *workspace, void *stream);

/* One token of B sequences (shape.T is 1), fused with RoPE: q, k of `in` are before RoPE here, rotated by
   pos * turns[d/2] (Turns.h; pairs i, i + d/2; cos and sin times `rope_factor`; turns null: no RoPE). doc_start [B]:
   0 where the token begins a document (its state is taken as empty whatever it holds), negative elsewhere.
   cuda: the workspace is zeroed before the first call, and is zero after each. early nonzero: the launch may begin before
   the one in front of it on the stream ends, and read maps and state then; that one must not write them. */
void xlstm_cpu_hybrid_decode(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, const int64_t *turns,
                             float rope_factor, xlstm_hybrid_state *state, void *h);
int xlstm_cuda_hybrid_decode(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, const int64_t *turns,
                             float rope_factor, xlstm_hybrid_state *state, void *h, void *workspace, int32_t early,
                             void *stream);
size_t xlstm_cuda_hybrid_decode_workspace(const xlstm_hybrid_shape *shape);

#ifdef __cplusplus
}
#endif

#endif /* XLSTM_KERNELS_HYBRID_H */
