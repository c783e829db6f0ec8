//===- HybridRings.cu - the state's keys and values, in and out -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridGates.cuh"

using namespace xlstm::cuda;

namespace {

/// Block (row, b): row < W is relative index row - W of the history, the rest are sinks.
template <typename T, typename Ring>
__global__ void gatherHistory(Problem p, const Ring *ringK, const Ring *ringV, const Ring *sinkK, const Ring *sinkV) {
  int row = blockIdx.x, b = blockIdx.y, width = p.Hkv * p.d, pos = p.pos[b];
  bool sink = row >= p.W;
  int position = sink ? row - p.W : pos + row - p.W;
  bool present = position >= 0 && position < pos;
  int64_t from =
      sink ? static_cast<int64_t>(b) * p.S + position : static_cast<int64_t>(b) * p.W + (present ? position % p.W : 0);
  int64_t to = sink ? static_cast<int64_t>(b) * p.S + row - p.W : static_cast<int64_t>(b) * p.W + row;
  T *toK = static_cast<T *>(const_cast<void *>(sink ? p.sinkK : p.historyK)) + to * width;
  T *toV = static_cast<T *>(const_cast<void *>(sink ? p.sinkV : p.historyV)) + to * width;
  const Ring *fromK = (sink ? sinkK : ringK) + from * width, *fromV = (sink ? sinkV : ringV) + from * width;
  for (int n = threadIdx.x; n < width; n += blockDim.x) {
    toK[n] = fromFloat<T>(present ? toFloat(fromK[n]) : 0);
    toV[n] = fromFloat<T>(present ? toFloat(fromV[n]) : 0);
  }
}

/// Block (row, b): row < W is position after - W + row of the last document, the rest are sinks.
template <typename T, typename Ring>
__global__ void scatterRings(Problem p, Ring *ringK, Ring *ringV, Ring *sinkK, Ring *sinkV) {
  int row = blockIdx.x, b = blockIdx.y, width = p.Hkv * p.d;
  int start = p.start(b, p.T - 1), after = p.T - start;
  bool sink = row >= p.W;
  int position = sink ? row - p.W : after - p.W + row, j = start + position;
  if (position < 0 || j < 0 || j >= p.T)
    return;
  int64_t to = sink ? static_cast<int64_t>(b) * p.S + position : static_cast<int64_t>(b) * p.W + position % p.W;
  const T *fromK = p.row<T>(p.k, b, j, 0), *fromV = p.row<T>(p.v, b, j, 0);
  Ring *toK = (sink ? sinkK : ringK) + to * width, *toV = (sink ? sinkV : ringV) + to * width;
  for (int n = threadIdx.x; n < width; n += blockDim.x) {
    toK[n] = fromFloat<Ring>(toFloat(fromK[n]));
    toV[n] = fromFloat<Ring>(toFloat(fromV[n]));
  }
}

__global__ void movePositions(Problem p, int *pos) {
  int b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b < p.B)
    pos[b] = p.T - p.start(b, p.T - 1);
}

/// Calls run(T(), Ring()) with the C++ types of the tensors and the rings.
template <typename Run>
cudaError_t withTypes(const xlstm_hybrid_shape &shape, Run run) {
  auto withRing = [&](auto type) {
    return shape.ring_type == XLSTM_F32    ? run(type, float())
           : shape.ring_type == XLSTM_BF16 ? run(type, Bf16())
                                           : run(type, Fp8());
  };
  return shape.type == XLSTM_BF16 ? withRing(Bf16()) : withRing(float());
}

} // namespace

cudaError_t xlstm::cuda::copyHistory(const Problem &p, const xlstm_hybrid_shape &shape, const xlstm_hybrid_state &state,
                                     cudaStream_t stream) {
  return withTypes(shape, [&]<typename T, typename Ring>(T, Ring) {
    return launch(gatherHistory<T, Ring>, dim3(p.W + p.S, p.B), 128, 0, stream, p,
                  static_cast<const Ring *>(state.ring_k), static_cast<const Ring *>(state.ring_v),
                  static_cast<const Ring *>(state.sink_k), static_cast<const Ring *>(state.sink_v));
  });
}

cudaError_t xlstm::cuda::updateRings(const Problem &p, const xlstm_hybrid_shape &shape, const xlstm_hybrid_state &state,
                                     cudaStream_t stream) {
  XLSTM_CUDA_TRY((withTypes(shape, [&]<typename T, typename Ring>(T, Ring) {
    return launch(scatterRings<T, Ring>, dim3(p.W + p.S, p.B), 128, 0, stream, p, static_cast<Ring *>(state.ring_k),
                  static_cast<Ring *>(state.ring_v), static_cast<Ring *>(state.sink_k),
                  static_cast<Ring *>(state.sink_v));
  })));
  return launch(movePositions, dim3(ceilDiv(p.B, 128)), 128, 0, stream, p, state.pos);
}
