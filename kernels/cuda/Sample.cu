//===- Sample.cu - top-k, top-p and temperature, a block a row -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A logit's distance below the largest, in steps of 2^-17, is its key: 22 bits, 32 nats. Probabilities are whole
// numbers of 2^-40, so that sums do not depend on their order. A threshold is found by a histogram of the keys' upper
// halves and one of the lower halves within the bin that it falls in.

#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Cuda.h"

namespace xlstm::cuda::sampling {

constexpr int Threads = 1024, Warps = Threads / 32, Bins = 2048;
constexpr float KeysPerNat = 131072;
constexpr uint32_t NoKey = Bins * Bins;

using Mass = unsigned long long;

struct Args {
  int64_t V, topK;
  float temperature, topP;
};

struct Shared {
  uint32_t count[Bins];
  Mass mass[Bins];
  Mass sums[Warps];
  float values[Warps];
  int64_t places[Warps];
  uint32_t chosenBin;
  Mass before; // what lies above the chosen bin, of what is looked for
};

template <typename T>
struct Row {
  const T *logits;
  float top, inverse;

  __device__ uint32_t key(int64_t n) const {
    const float below = (top - toFloat(logits[n]) * inverse) * KeysPerNat;
    return below < float(NoKey) ? uint32_t(below) : NoKey; // NaN: none
  }
  __device__ static Mass mass(uint32_t key) {
    return key < NoKey ? Mass(exp2f(40.0f - float(key) * (1.442695041f / KeysPerNat))) : 0;
  }
};

/// The largest logit's place, the first of equals, and value.
template <typename T>
__device__ int64_t findTop(const T *logits, int64_t V, Shared &s, float &top) {
  float best = -INFINITY;
  int64_t place = V;
  auto take = [&](float value, int64_t n) {
    if (value > best || (value == best && n < place))
      best = value, place = n;
  };
  for (int64_t n = threadIdx.x; n < V; n += Threads)
    take(toFloat(logits[n]), n);
  auto reduce = [&] {
    for (int step = 16; step; step /= 2) {
      const float value = __shfl_xor_sync(~0u, best, step);
      take(value, __shfl_xor_sync(~0u, place, step));
    }
  };
  reduce();
  if (threadIdx.x % 32 == 0)
    s.values[threadIdx.x / 32] = best, s.places[threadIdx.x / 32] = place;
  __syncthreads();
  best = s.values[threadIdx.x % 32], place = s.places[threadIdx.x % 32];
  reduce();
  top = best;
  return place < V ? place : 0; // nothing but NaN: the first
}

/// Histogram of the keys that `part` maps to a bin (at least Bins: none).
template <bool ByMass, typename T, typename Part>
__device__ void histogram(const Row<T> &row, int64_t V, Shared &s, Part part) {
  __syncthreads();
  for (int n = threadIdx.x; n < Bins; n += Threads)
    s.count[n] = 0, s.mass[n] = 0;
  __syncthreads();
  for (int64_t n = threadIdx.x; n < V; n += Threads) {
    const uint32_t key = row.key(n), bin = key < NoKey ? part(key) : Bins;
    if (bin >= Bins)
      continue;
    if constexpr (ByMass)
      atomicAdd(&s.mass[bin], row.mass(key));
    else
      atomicAdd(&s.count[bin], 1u);
  }
  __syncthreads();
}

/// The first bin at which the running sum of `amount` reaches `wanted`, and the sum before it; the last one with
/// anything when it never does. One warp; the bins are few.
template <typename Amount>
__device__ void findBin(Shared &s, Mass wanted, Amount amount) {
  __syncthreads();
  if (threadIdx.x < 32) {
    Mass running = 0, before = 0;
    uint32_t found = 0;
    for (int from = 0; from < Bins; from += 32) {
      Mass own = amount(from + threadIdx.x), sum = own;
      for (int step = 1; step < 32; step *= 2) {
        const Mass other = __shfl_up_sync(~0u, sum, step);
        sum += threadIdx.x >= unsigned(step) ? other : 0;
      }
      const uint32_t reached = __ballot_sync(~0u, running + sum >= wanted), filled = __ballot_sync(~0u, own > 0);
      const int lane = reached ? __ffs(reached) - 1 : filled ? 31 - __clz(filled) : -1;
      if (lane >= 0) {
        found = from + lane;
        before = running + __shfl_sync(~0u, sum - own, lane);
      }
      running += __shfl_sync(~0u, sum, 31);
      if (reached)
        break;
    }
    if (threadIdx.x == 0)
      s.chosenBin = found, s.before = before;
  }
  __syncthreads();
}

/// The largest key that is kept, by count or by mass; `most` bounds it from above. `total`: mass of the kept ones.
template <typename T, bool ByMass>
__device__ uint32_t threshold(const Row<T> &row, int64_t V, Shared &s, Mass wanted, uint32_t most) {
  auto amount = [&](int bin) { return ByMass ? s.mass[bin] : Mass(s.count[bin]); };
  histogram<ByMass>(row, V, s, [&](uint32_t key) { return key <= most ? key / Bins : Bins; });
  findBin(s, wanted, amount);
  const uint32_t upper = s.chosenBin;
  const Mass rest = wanted - min(wanted, s.before);
  histogram<ByMass>(row, V, s, [&](uint32_t key) { return key <= most && key / Bins == upper ? key % Bins : Bins; });
  findBin(s, rest, amount);
  return upper * Bins + s.chosenBin;
}

/// Mass of the keys of this warp's part of the row that are at most `most`.
template <typename T>
__device__ Mass partMass(const Row<T> &row, int64_t from, int64_t to, uint32_t most) {
  Mass own = 0;
  for (int64_t n = from + threadIdx.x % 32; n < to; n += 32) {
    const uint32_t key = row.key(n);
    own += key <= most ? row.mass(key) : 0;
  }
  for (int step = 16; step; step /= 2)
    own += __shfl_xor_sync(~0u, own, step);
  return own;
}

__device__ inline uint64_t nextRandom(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// The token at which the running mass of what is kept passes `draw`; by the warp in whose part it lies.
template <typename T>
__device__ void findToken(const Row<T> &row, int64_t from, int64_t to, uint32_t most, Mass draw, int64_t *id) {
  const int lane = threadIdx.x % 32;
  for (; from < to; from += 32) {
    const uint32_t key = from + lane < to ? row.key(from + lane) : NoKey;
    Mass sum = key <= most ? row.mass(key) : 0;
    for (int step = 1; step < 32; step *= 2) {
      const Mass other = __shfl_up_sync(~0u, sum, step);
      sum += lane >= step ? other : 0;
    }
    const uint32_t passed = __ballot_sync(~0u, sum > draw);
    if (passed) {
      if (lane == 0)
        *id = from + __ffs(passed) - 1;
      return;
    }
    draw -= __shfl_sync(~0u, sum, 31);
  }
}

template <typename T>
__global__ void __launch_bounds__(Threads) sampleKernel(const T *logits, int64_t *ids, uint64_t *random, const Args a) {
  __shared__ Shared s;
  logits += blockIdx.x * a.V;
  Row<T> row = {logits, 0, 1};
  const int64_t largest = findTop(logits, a.V, s, row.top);
  uint64_t state = random[blockIdx.x];
  const uint64_t drawn = nextRandom(state);
  __syncthreads(); // everyone has the old state
  if (threadIdx.x == 0)
    ids[blockIdx.x] = largest, random[blockIdx.x] = state;
  if (a.temperature == 0 || !(row.top < INFINITY && row.top > -INFINITY))
    return;
  row.inverse = 1 / a.temperature;
  row.top *= row.inverse;

  const int warp = threadIdx.x / 32;
  const int64_t part = (a.V + Warps - 1) / Warps, from = min(a.V, warp * part), to = min(a.V, from + part);
  uint32_t most = NoKey - 1;
  if (a.topK > 0 && a.topK < a.V)
    most = threshold<T, false>(row, a.V, s, a.topK, most);
  auto total = [&] {
    __syncthreads();
    const Mass own = partMass(row, from, to, most);
    if (threadIdx.x % 32 == 0)
      s.sums[warp] = own;
    __syncthreads();
    Mass sum = 0;
    for (int n = 0; n < Warps; ++n)
      sum += s.sums[n];
    return sum;
  };
  Mass sum = total();
  if (a.topP < 1) {
    most = threshold<T, true>(row, a.V, s, max(Mass(1), Mass(double(a.topP) * double(sum))), most);
    sum = total();
  }
  Mass draw = __umul64hi(drawn, sum), before = 0;
  for (int n = 0; n < warp; ++n)
    before += s.sums[n];
  if (draw >= before && draw < before + s.sums[warp])
    findToken(row, from, to, most, draw - before, ids + blockIdx.x);
}

} // namespace xlstm::cuda::sampling

using namespace xlstm::cuda;

int xlstm_cuda_sample(xlstm_dtype type, const void *logits, int64_t *ids, uint64_t *random, int64_t B, int64_t V,
                      float temperature, int64_t top_k, float top_p, void *stream) {
  if (B < 0 || B >= (int64_t(1) << 31) || V < 1 || V >= (1 << 23) || !(temperature >= 0) || top_k < 0 || !(top_p > 0))
    return cudaErrorInvalidValue;
  bool known = withType(type, [&](auto zero) {
    using T = decltype(zero);
    if (B)
      sampling::sampleKernel<<<B, sampling::Threads, 0, cudaStream_t(stream)>>>(
          static_cast<const T *>(logits), ids, random, sampling::Args{V, top_k, temperature, top_p});
  });
  return known ? cudaGetLastError() : cudaErrorInvalidValue;
}
