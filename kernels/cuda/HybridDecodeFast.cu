//===- HybridDecodeFast.cu - one token by tensor cores: the kernel, the choice -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/HybridDecode.h"
#include "kernels/cuda/HybridDecodeFastSteps.cuh"

namespace xlstm::cuda {
namespace decode {

/// Multiplies the block's tiles, keys first, a warp every Warps-th; `tile`: the warp's first one, under way.
template <typename P>
__device__ void multiplyTiles(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at, int t, int current,
                              Tile<P> &tile) {
  const int jobs = at.tiles + P::MapTiles;
  for (int job = threadIdx.x / 32; job < jobs; job += P::Warps) {
    if (job < at.tiles)
      scoreKeys(a, s, at, job, t, current, tile);
    else
      multiplyMap(s, at, job - at.tiles, tile);
    startTile(a, at, job + P::Warps, tile);
  }
}

template <typename P>
__global__ void __launch_bounds__(P::Threads, P::Resident) fastKernel(const __grid_constant__ FastArgs a) {
#if __CUDA_ARCH__ >= 900
  extern __shared__ __align__(128) unsigned char memory[];
  const FastShared<P> s(memory, a.tiles);
  if (threadIdx.x == 0) {
    initBarrier(s.logitsThere), initBarrier(s.partsThere);
    expectBytes(s.logitsThere, 2 * P::D * 4);
    expectBytes(s.partsThere, P::Sources * (P::Columns + 2) * 4);
  }
  clusterArriveRelaxed(); // waited for before anything is sent
  const Spot<P> at(a);
  const bool makesFeatures = threadIdx.x >= P::Threads - 32;
  constexpr bool IsStateEarly = P::Parts == 4;

  // What no earlier launch of this step writes: under way before anything is used.
  Tile<P> tile;
  startTile(a, at, threadIdx.x / 32, tile);
  startValues(a, s, at);
  State<P> state(a, at);
  if constexpr (IsStateEarly)
    state.start();
  Features<P> features;
  if (makesFeatures)
    features.loadState(a, at);

  waitForPrevious();
  letNextStart();
  Token<P> token;
  token.load(a, at);
  if (makesFeatures)
    features.loadGates(a, at);
  const int t = token.t, current = remainder(a, t);
  token.store(a, s);
  __syncthreads();
  clusterWait();
  multiplyTiles(a, s, at, t, current, tile);
  if constexpr (!IsStateEarly)
    state.start();
  if (makesFeatures)
    features.useState(t == 0);
  waitCopies();
  finishValues(a, s, at, t, current);
  __syncthreads();
  writeRing(a, s, at, t, current);
  window(a, s, at);
  if (makesFeatures) {
    receive(s.logitsThere, 0);
    features.make(s);
  }
  __syncthreads();
  updateState(s, at, state, t == 0);
  receive(s.partsThere, 0); // the window's shares; every block has used pos, z and m
  __syncthreads();
  writeOutput(a, s, at);
  if (makesFeatures && at.column == 0)
    features.storeState(a, at);
  if (threadIdx.x == 0)
    movePosition(a, at, t);
#endif
}

template <typename P>
static int launchPlan(FastArgs a, bool early, cudaStream_t stream) {
  a.tiles = (a.allTiles + P::Blocks - 1) / P::Blocks;
  const size_t bytes = FastShared<P>(nullptr, a.tiles).bytes;
  if (bytes > size_t(Device().sharedBytes))
    return cudaErrorInvalidClusterSize;
  return launchClusters(fastKernel<P>, a, dim3(a.Hkv * P::Blocks, a.B), P::Threads, P::Blocks, bytes, early, stream);
}

/// A cluster of one block cannot send: there is none.
template <int D, int Group>
static int launchBlocks(const FastArgs &a, int blocks, bool early, cudaStream_t stream) {
  if constexpr (Group > 1)
    if (blocks == Group)
      return launchPlan<Plan<D, Group, 1, 3>>(a, early, stream);
  if constexpr (D != 96)
    if (blocks == 4 * Group)
      return launchPlan<Plan<D, Group, 4, 2>>(a, early, stream);
  return blocks == 2 * Group ? launchPlan<Plan<D, Group, 2, 3>>(a, early, stream) : cudaErrorInvalidClusterSize;
}

template <int D>
static int launchWidth(const FastArgs &a, int blocks, bool early, cudaStream_t stream) {
  return a.H == a.Hkv       ? launchBlocks<D, 1>(a, blocks, early, stream)
         : a.H == 2 * a.Hkv ? launchBlocks<D, 2>(a, blocks, early, stream)
                            : launchBlocks<D, 4>(a, blocks, early, stream);
}

} // namespace decode

bool isDecodeFast(const xlstm_hybrid_shape &shape) {
  const int64_t group = shape.H / shape.Hkv, slots = shape.W > shape.S ? shape.W : shape.S;
  return slots * shape.Hkv * shape.d < INT32_MAX && shape.type == XLSTM_BF16 && shape.ring_type == XLSTM_BF16 &&
         (group == 1 || group == 2 || group == 4) && (shape.d == 64 || shape.d == 96 || shape.d == 128) &&
         shape.B < 65536 && decode::Device().hasClusters();
}

int hybridDecodeFast(const xlstm_hybrid_shape &shape, const xlstm_hybrid_inputs &in, const TokenStrides &strides,
                     const int64_t *turns, float ropeFactor, xlstm_hybrid_state &state, void *h, void *workspace,
                     bool early, void *stream, int blocks, const int64_t *apart) {
  using namespace decode;
  const int64_t heads = plannedTexts(shape.B, apart) * shape.H, group = shape.H / shape.Hkv;
  // Few heads: as many blocks as there is room for at once; many: few, since each does what all must (measured).
  const int64_t room = decode::Device().multiprocessors;
  const int64_t chosen = 4 * heads <= room && shape.d != 96 ? 4 * group : heads > room && group > 1 ? group : 2 * group;
  const int ringTiles = int((shape.W + 15) / 16), sinkTiles = int((shape.S + 15) / 16);
  const FastArgs a = {int(shape.B),
                      int(shape.H),
                      int(shape.Hkv),
                      int(shape.W),
                      int(shape.S),
                      ringTiles,
                      ringTiles + sinkTiles,
                      0,
                      UINT64_MAX / uint64_t(shape.W) + 1,
                      shape.scale * Log2E,
                      ropeFactor,
                      in,
                      strides,
                      state,
                      apart,
                      turns,
                      h,
                      static_cast<unsigned *>(workspace)};
  const auto launch = shape.d == 64 ? launchWidth<64> : shape.d == 96 ? launchWidth<96> : launchWidth<128>;
  int error = launch(a, blocks ? blocks : int(chosen), early, cudaStream_t(stream));
  for (int64_t other : {group, 2 * group, 4 * group}) // a window that needs more blocks, a card without clusters of 16
    if (error == cudaErrorInvalidClusterSize && blocks == 0)
      error = launch(a, int(other), early, cudaStream_t(stream));
  return error;
}

} // namespace xlstm::cuda
