//===- HybridState.cu - one sequence's state: copy and reset ---------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"

namespace xlstm::cuda {

/// One array of a state: where it is and the bytes of a sequence.
struct Piece {
  void *memory;
  size_t bytes;
  char *row(int64_t index) const { return static_cast<char *>(memory) + index * int64_t(bytes); }
};

struct Pieces {
  Piece at[8];
  Pieces(const xlstm_hybrid_shape &shape, const xlstm_hybrid_state &state) {
    const size_t element = shape.ring_type == XLSTM_F32 ? 4 : shape.ring_type == XLSTM_BF16 ? 2 : 1;
    const size_t heads = shape.H * sizeof(float), keys = shape.Hkv * shape.d * element, d = shape.d;
    const Piece pieces[] = {
        {state.S, heads * d * d},       {state.z, heads * d},           {state.m, heads},
        {state.pos, sizeof(int32_t)},   {state.ring_k, keys * shape.W}, {state.ring_v, keys * shape.W},
        {state.sink_k, keys * shape.S}, {state.sink_v, keys * shape.S}};
    for (int n = 0; n < 8; ++n)
      at[n] = pieces[n];
  }
};

__global__ void startMaxima(float *m, int64_t H) {
  for (int64_t h = threadIdx.x; h < H; h += blockDim.x)
    m[h] = -INFINITY;
}

} // namespace xlstm::cuda

using namespace xlstm::cuda;

int xlstm_cuda_hybrid_state_copy(const xlstm_hybrid_shape *shape, const xlstm_hybrid_state *from, int64_t from_row,
                                 const xlstm_hybrid_state *to, int64_t to_row, void *stream) {
  const Pieces source(*shape, *from), target(*shape, *to);
  for (int n = 0; n < 8; ++n)
    if (size_t bytes = source.at[n].bytes)
      if (cudaError_t error = cudaMemcpyAsync(target.at[n].row(to_row), source.at[n].row(from_row), bytes,
                                              cudaMemcpyDefault, cudaStream_t(stream)))
        return error;
  return cudaSuccess;
}

int xlstm_cuda_hybrid_state_reset(const xlstm_hybrid_shape *shape, const xlstm_hybrid_state *state, int64_t row,
                                  void *stream) {
  const Pieces pieces(*shape, *state);
  for (int n = 0; n < 4; ++n) // the rings hold what was there: pos says that none of it is read
    if (cudaError_t error = cudaMemsetAsync(pieces.at[n].row(row), 0, pieces.at[n].bytes, cudaStream_t(stream)))
      return error;
  startMaxima<<<1, 128, 0, cudaStream_t(stream)>>>(state->m + row * shape->H, shape->H);
  return cudaGetLastError();
}
