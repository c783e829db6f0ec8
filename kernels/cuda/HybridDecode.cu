//===- HybridDecode.cu - the whole mixer for one token of each sequence ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridDecode.h"
#include "kernels/cuda/HybridDecodeSteps.cuh"

namespace xlstm::cuda {
namespace decode {

template <typename T, typename Shared>
__global__ void __launch_bounds__(Threads, sizeof(T) == 2 && Shared::Width <= 128 ? 4 : 1)
    decodeKernel(const __grid_constant__ Args a) {
  extern __shared__ __align__(16) unsigned char memory[];
  Shared s;
  s.place(memory, a);
  clusterArrive(); // waited for before the first store into another block
  const int pair = blockIdx.x / unsigned(a.blocks), b = pair / a.Hkv, d = s.width(a);
  Place at{b, int64_t(pair) * a.group, pair - b * a.Hkv, int(clusterRank()), 0, StateRow(a.apart, b), 0};
  at.column = at.rank * a.columns, at.head = at.state.row * a.H + at.kvHead * a.group;
  const int firstHead = s.headOf(a, at.column), lastHead = s.headOf(a, at.column + a.columns - 1);

  // What no earlier launch of this step writes: all of it under way before anything is used.
  MapRows<T, Shared> maps;
  maps.load(a, at, 0);
  Keys keys(a, at.rank);
  startKeys(a, s, keys, 0, at.state, at.kvHead);
  for (int c = firstHead * d + threadIdx.x * 4; c < (lastHead + 1) * d; c += Threads * 4)
    copyAsync<16>(s.z + c, at.state.in<float>(a.state.z) + at.head * d + c);
  Strip<Shared> strip(a, at, 0);
  uint4 early[StateRows];
  strip.load(strip.row, d, early);
  clear(a, s);

  waitForPrevious();
  letNextStart();
  const bool begins = a.in.doc_start && a.in.doc_start[at.b] >= 0;
  int32_t *pos = at.state.in<int32_t>(a.state.pos) + at.state.row;
  loadToken<T>(a, s, at, pos, begins);
  const int t = begins ? 0 : *pos;
  const bool fresh = t == 0;
  keys.moveTo(t);
  prepareGates(a, s, at, fresh);
  __syncthreads();
  clusterWait();
  for (int from = 0; from < 2 * a.columns; from += MapSteps * maps.Rows) {
    if (from)
      maps.load(a, at, from);
    maps.multiply(a, s, at, from);
  }
  window(a, s, keys, at.state, at.kvHead);
  pushWindow(a, s, at);
  clusterArrive();
  clusterWait(); // everyone has read pos, m and z, and has all that it needs
  features(a, s, at, firstHead, lastHead, fresh);
  shares(a, s, firstHead, lastHead);
  __syncthreads();
  for (int segment = 0; segment < a.columns; segment += Segment) {
    if (segment) {
      __syncthreads(); // columnSums are free
      strip = Strip<Shared>(a, at, segment);
      strip.load(strip.row, d, early);
    }
    updateState(a, s, strip, fresh, early);
    __syncthreads();
    writeOutput<T>(a, s, at, segment, strip);
  }
  if (at.rank == 0)
    writeRing(a, s, at, t, keys.current);
  // The last of the sequence's key heads moves pos on: the others have read it.
  if (at.rank == 0 && threadIdx.x == 0 && atomicInc(a.done + at.b, a.Hkv - 1) == unsigned(a.Hkv - 1))
    *pos = t + 1;
}

using Kernel = void (*)(Args);

/// A kernel with the shared memory that it wants for `a`, whose number of keys at once is set on the way.
struct Choice {
  Kernel kernel;
  size_t bytes;
};

template <typename T, typename Ring, int Width, bool IsFull>
Choice choose(Args &a, size_t most) {
  using Layout = Shared<T, Ring, Width, IsFull>;
  const int list = a.slots + (a.S + a.blocks - 1) / a.blocks;
  Layout layout;
  for (a.keys = Layout::roundUp(list < MostKeys ? list : MostKeys, 16); a.keys > 0; a.keys -= 16)
    if (size_t bytes = layout.place(nullptr, a); bytes <= most)
      return {decodeKernel<T, Layout>, bytes};
  return {nullptr, 0};
}

template <typename T, typename Ring>
Choice chooseWidth(Args &a, size_t most) {
  if constexpr (Shared<T, Ring, 64, true>::OnTensorCores) { // the fast ones
    if (a.d == 64)
      return choose<T, Ring, 64, true>(a, most);
    if (a.d == 128)
      return choose<T, Ring, 128, true>(a, most);
  }
  return a.d <= 64    ? choose<T, Ring, 64, false>(a, most)
         : a.d <= 128 ? choose<T, Ring, 128, false>(a, most)
                      : choose<T, Ring, 256, false>(a, most);
}

template <typename T>
Choice chooseRing(Args &a, xlstm_dtype ring, size_t most) {
  switch (ring) {
  case XLSTM_F32:
    return chooseWidth<T, float>(a, most);
  case XLSTM_BF16:
    return chooseWidth<T, Bf16>(a, most);
  case XLSTM_FP8_E4M3:
    return chooseWidth<T, Fp8>(a, most);
  }
  return {nullptr, 0};
}

static bool divides(const Args &a, int blocks) { return int64_t(a.group) * a.d % (8 * blocks) == 0; }

static Choice configure(Args &a, const xlstm_hybrid_shape &shape, int blocks, size_t most) {
  a.blocks = blocks;
  a.columns = a.group * a.d / blocks;
  a.slots = (a.W + blocks - 1) / blocks;
  a.byColumns = Divider(a.columns);
  return shape.type == XLSTM_F32    ? chooseRing<float>(a, shape.ring_type, most)
         : shape.type == XLSTM_BF16 ? chooseRing<Bf16>(a, shape.ring_type, most)
                                    : Choice{nullptr, 0};
}

static bool isSupported(const xlstm_hybrid_shape &shape) {
  return shape.T == 1 && shape.B >= 0 && shape.Hkv > 0 && shape.H > 0 && shape.H % shape.Hkv == 0 && shape.d >= 8 &&
         shape.d <= 256 && shape.d % 8 == 0 && shape.W >= 1 && shape.W < (1 << 24) && shape.S >= 0 &&
         shape.S < (1 << 24) && shape.B * shape.Hkv < (1 << 26);
}

} // namespace decode

int hybridDecode(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                 const int64_t *turns, float ropeFactor, xlstm_hybrid_state &state, void *h, void *workspace,
                 bool early, void *stream, int blocks, const int64_t *apart) {
  using namespace decode;
  if (!isSupported(shape))
    return cudaErrorInvalidValue;
  const int64_t pairs = shape.B * shape.Hkv, planned = plannedTexts(shape.B, apart) * shape.Hkv;
  if (pairs == 0)
    return cudaSuccess;
  const bool isChosen = blocks == 0;
  if (isChosen && isDecodeFast(shape) && strides.v % 8 == 0) {
    const int error =
        hybridDecodeFast(shape, in, strides, turns, ropeFactor, state, h, workspace, early, stream, 0, apart);
    if (error != cudaErrorInvalidClusterSize)
      return error;
  }
  Args a = {int(shape.H),
            int(shape.Hkv),
            int(shape.d),
            int(shape.W),
            int(shape.S),
            int(shape.H / shape.Hkv),
            0,
            0,
            0,
            0,
            shape.scale,
            ropeFactor,
            in,
            strides,
            state,
            apart,
            turns,
            h,
            static_cast<unsigned *>(workspace),
            Divider(int(shape.d)),
            {},
            Divider(int(shape.H / shape.Hkv))};
  const Device device;
  // Few sequences: as many blocks each as the card has room for; many: few, since each does what all must (measured).
  if (isChosen)
    for (blocks = !device.hasClusters() ? 1
                  : planned <= 16       ? 16
                  : planned <= 128      ? 4
                                        : 2;
         blocks > 1 && !divides(a, blocks);)
      blocks /= 2;
  if (blocks < 1 || blocks > 16 || (blocks & (blocks - 1)) || !divides(a, blocks) ||
      (blocks > 1 && !device.hasClusters()))
    return cudaErrorInvalidValue;
  for (;; blocks /= 2) {
    const Choice choice = configure(a, shape, blocks, device.sharedBytes);
    if (!choice.kernel)
      return cudaErrorInvalidValue;
    const cudaError_t error = launchClusters(choice.kernel, a, dim3(pairs * blocks), Threads, blocks, choice.bytes,
                                             early && device.hasClusters(), cudaStream_t(stream));
    if (error != cudaErrorInvalidClusterSize || !isChosen || blocks <= 8) // clusters of 16 may not fit a card
      return error;
  }
}

} // namespace xlstm::cuda

size_t xlstm_cuda_hybrid_decode_workspace(const xlstm_hybrid_shape *shape) { return shape->B * sizeof(unsigned); }

int xlstm_cuda_hybrid_decode(const xlstm_hybrid_shape *shape, const xlstm_hybrid_inputs *in, const int64_t *turns,
                             float rope_factor, xlstm_hybrid_state *state, void *h, void *workspace, int32_t early,
                             void *stream) {
  return xlstm::cuda::hybridDecode(*shape, *in, xlstm::cuda::denseStrides(*shape), turns, rope_factor, *state, h,
                                   workspace, early, stream, 0);
}
