//===- HybridDecodeFast.cuh - one token by tensor cores: layout, tiles, keys -----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// bf16, at most four query heads a key head. A cluster has one sequence and key head, `Parts` blocks a query head; each
// block has that many columns of S, the same rows of the head's two maps, and every C-th tile of 16 keys. Maps and keys
// are both tiles of 16 rows, which go from memory into a warp's registers as they are multiplied: a lane's 16 bytes are
// eight channels, which stand in for the matrix instruction's own order of channels in both operands. The other operand
// has a query's upper and lower halves as two columns, so that their sum is the product to 16 bits.

#ifndef XLSTM_KERNELS_CUDA_HYBRIDDECODEFAST_CUH
#define XLSTM_KERNELS_CUDA_HYBRIDDECODEFAST_CUH

#include "kernels/cuda/HybridDecode.h"
#include "kernels/cuda/HybridDecodeLaunch.cuh"
#include "kernels/cuda/Ptx.cuh"
#include "kernels/cuda/StateRow.cuh"
#include "kernels/cuda/Types.cuh"
#include "xlstm/Kernels/Turns.h"

#include <type_traits>

namespace xlstm::cuda::decode {

constexpr int MostHeads = 4; // query heads a key head

struct FastArgs {
  int B, H, Hkv, W, S;
  int ringTiles, allTiles, tiles; // tiles of 16 keys: in the ring, with the sinks, at most in one block
  uint64_t windowInverse;         // 2^64 / W, rounded up: remainders by two products (Lemire, Kaser, Kurz 2019)
  float scale, ropeFactor;        // scale: times log2 e
  xlstm_hybrid_inputs in;
  TokenStrides strides;
  xlstm_hybrid_state state;
  const int64_t *apart, *turns;
  void *h;
  unsigned *done; // [B]: key heads of a sequence that are done, back at 0 at the end
};

/// Sizes for D channels a head, `Group` query heads a key head, `Parts` blocks a head, `Resident` blocks a
/// multiprocessor.
template <int Width, int Heads, int PartsOfHead, int BlocksResident>
struct Plan {
  static constexpr int D = Width, Group = Heads, Parts = PartsOfHead, Resident = BlocksResident;
  static constexpr int Blocks = Group * Parts; // a cluster
  static constexpr int Threads = D % 64 ? 2 * D : 256, Warps = Threads / 32;
  static constexpr int Splits = Warps / (D / 16), Sources = Blocks * Splits; // warps with the same channels of values
  static constexpr int Columns = D / Parts, Fours = Columns / 4;             // of S, in all and by 16 bytes
  static constexpr int RowsAtOnce = Threads / Fours, Steps = D / RowsAtOnce;
  static constexpr int Round = Steps < 8 ? Steps : 8; // rows of S a thread has in registers
  static constexpr bool IsFolded = 32 % Fours == 0;   // a warp's rows are added before they go to shared memory
  static constexpr int SumRows = IsFolded ? Warps : RowsAtOnce, SumPitch = Columns + 4;
  static constexpr int Pieces = D / 8, KSteps = D / 32; // a row of bf16 by 16 bytes; by four of them
  static constexpr int XPitch = D % 64 ? D : D + 32;    // two rows' 64 bytes are all 32 banks
  static constexpr int VPitch = D + 8;                  // ldmatrix's rows meet different banks
  static constexpr int MapTiles = 2 * Columns / 16;
  static_assert(Columns % 16 == 0 && D % RowsAtOnce == 0 && Threads % Fours == 0);
};

/// Shared memory of a block.
template <typename P>
struct FastShared {
  Bf16 *x;                            // [10,XPitch]: queries' upper and lower halves in turn, then the key's
  float *sums;                        // [SumRows,SumPitch]: columns of q~ S; in x's place
  float *logits;                      // [2,D]: of q, of k
  float2 *features;                   // [D]: i' k~ and q~; in the logits' place
  Bf16 *v;                            // [D]
  float *gates;                       // [3]: keep, output, denominator
  float *partOut;                     // [Sources,SumPitch]: every source's share of the window, of this block's columns
  float *partTop, *partSum;           // [Sources]
  float *tileTop, *tileSum;           // [tiles,MostHeads]
  Bf16 *weights;                      // [2 MostHeads,weightPitch]: upper and lower halves
  Bf16 *values;                       // [16 tiles,VPitch]
  uint64_t *logitsThere, *partsThere; // barriers of what other blocks send
  int weightPitch;
  size_t bytes;

  __host__ __device__ FastShared(unsigned char *base, int tiles) : weightPitch(16 * tiles + 8) {
    size_t used = 0;
    auto take = [&](auto *&array, int count) {
      array = reinterpret_cast<std::remove_reference_t<decltype(array)>>(base + used);
      used += (count * int(sizeof(*array)) + 15) / 16 * 16;
    };
    constexpr int XFloats = 10 * P::XPitch / 2, Sums = P::SumRows * P::SumPitch;
    take(sums, Sums > XFloats ? Sums : XFloats), take(features, P::D);
    x = reinterpret_cast<Bf16 *>(sums), logits = reinterpret_cast<float *>(features);
    take(v, P::D), take(gates, 3), take(logitsThere, 1), take(partsThere, 1);
    take(partOut, P::Sources * P::SumPitch), take(partTop, P::Sources), take(partSum, P::Sources);
    take(tileTop, tiles * MostHeads), take(tileSum, tiles * MostHeads);
    take(weights, 2 * MostHeads * weightPitch), take(values, 16 * tiles * P::VPitch);
    bytes = used;
  }
};

/// Where a block stands.
template <typename P>
struct Spot {
  int64_t b, query;               // query: [B,H] index of the group's first head
  int kvHead, rank, head, column; // head: of the group; column: its first of the head's
  int tiles, stride;              // tiles of keys it has; elements from a slot to the next
  StateRow state;

  __device__ explicit Spot(const FastArgs &a) : state(a.apart, blockIdx.y) {
    b = blockIdx.y, kvHead = blockIdx.x / unsigned(P::Blocks), rank = blockIdx.x % unsigned(P::Blocks);
    query = (b * a.Hkv + kvHead) * P::Group;
    head = unsigned(rank) / P::Parts, column = unsigned(rank) % P::Parts * P::Columns;
    tiles = unsigned(a.allTiles - rank + P::Blocks - 1) / unsigned(P::Blocks), stride = a.Hkv * P::D;
  }
  /// The key head's row of slot 0 in `ring`, of `extent` slots.
  __device__ Bf16 *rows(void *ring, int extent) const {
    return state.in<Bf16>(ring) + (state.row * extent * stride + kvHead * P::D);
  }
  /// The index of the block's head in the state [rows,H].
  __device__ int64_t stateHead(const FastArgs &a) const { return state.row * a.H + kvHead * P::Group + head; }
  __device__ int32_t *pos(const FastArgs &a) const { return state.in<int32_t>(a.state.pos) + state.row; }
};

/// The block's n-th tile of keys.
struct KeyTile {
  bool isSink;
  int first, extent; // slots

  template <typename P>
  __device__ KeyTile(const FastArgs &a, const Spot<P> &at, int n) {
    const int tile = at.rank + n * P::Blocks;
    isSink = tile >= a.ringTiles;
    first = (isSink ? tile - a.ringTiles : tile) * 16, extent = isSink ? a.S : a.W;
  }
  /// Read by the token at position t: a ring slot that has been filled, a sink that has left the window.
  __device__ bool isRead(int slot, int t, int W) const { return slot < extent && slot <= (isSink ? t - W : t); }
};

/// Sixteen rows of a map or of keys in a warp's registers: lane l has rows l / 4 and l / 4 + 8, pieces l % 4 + 4 n.
template <typename P>
struct Tile {
  uint4 piece[P::KSteps][2];

  template <Keep Time>
  __device__ void load(const Bf16 *upper, const Bf16 *lower) {
    asm("" : "+l"(upper), "+l"(lower)); // so that the steps are offsets of an instruction
#pragma unroll
    for (int n = 0; n < P::KSteps; ++n)
      piece[n][0] = loadEarly<Time>(upper + 32 * n), piece[n][1] = loadEarly<Time>(lower + 32 * n);
  }
  /// Products with x, whose columns 2 h and 2 h + 1 are added: rows l / 4 and l / 4 + 8 with vector h = l % 4.
  /// `column`: the row of x that lane l multiplies with, its (l / 4)-th column.
  __device__ float2 multiply(const Bf16 *column) const {
    float even[4] = {}, odd[4] = {};
#pragma unroll
    for (int n = 0; n < P::KSteps; ++n) {
      const uint4 x = *reinterpret_cast<const uint4 *>(column + threadIdx.x % 4 * 8 + 32 * n);
      const uint4 &upper = piece[n][0], &lower = piece[n][1];
      multiplyAdd(even, {upper.x, lower.x, upper.y, lower.y}, x.x, x.y);
      multiplyAdd(odd, {upper.z, lower.z, upper.w, lower.w}, x.z, x.w);
    }
    return {even[0] + odd[0] + even[1] + odd[1], even[2] + odd[2] + even[3] + odd[3]};
  }
};

/// The block's n-th tile of rows of its head's query map, then key map: which map, the first row.
template <typename P>
struct MapTile {
  int isKey, row;
  __device__ MapTile(const Spot<P> &at, int n)
      : isKey(n >= P::MapTiles / 2), row(at.column + (isKey ? n - P::MapTiles / 2 : n) * 16) {}
};

/// Starts loading tile `job` of the block, keys first; there is none past the last.
template <typename P>
__device__ void startTile(const FastArgs &a, const Spot<P> &at, int job, Tile<P> &tile) {
  const int row = threadIdx.x % 32 / 4, c = threadIdx.x % 4 * 8;
  if (job < at.tiles) { // rows past the end are there twice, and masked
    const KeyTile keys(a, at, job);
    const Bf16 *rows = at.rows(keys.isSink ? a.state.sink_k : a.state.ring_k, keys.extent) + c;
    const int slot = keys.first + row;
    tile.template load<Keep::Normal>(rows + min(slot, keys.extent - 1) * at.stride,
                                     rows + min(slot + 8, keys.extent - 1) * at.stride);
  } else if (job < at.tiles + P::MapTiles) {
    const MapTile<P> rows(at, job - at.tiles);
    const Bf16 *map = static_cast<const Bf16 *>(rows.isKey ? a.in.k_map : a.in.q_map) + (rows.row + row) * P::D + c;
    map += (at.kvHead * P::Group + at.head) * int64_t(P::D * P::D);
    tile.template load<Keep::Long>(map, map + 8 * P::D);
  }
}

/// Two numbers' upper halves to `low` and `high`, and what these lack `pitch` further.
__device__ inline void storeHalves(Bf16 *low, Bf16 *high, int pitch, float x, float y) {
  const __nv_bfloat162 upper = __floats2bfloat162_rn(x, y);
  const __nv_bfloat162 lower = __floats2bfloat162_rn(x - __low2float(upper), y - __high2float(upper));
  *low = upper.x, *high = upper.y, low[pitch] = lower.x, high[pitch] = lower.y;
}

/// Scores of the block's n-th tile of keys, this token's key in its slot, become weights under the tile's own maximum.
template <typename P>
__device__ void scoreKeys(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at, int n, int t, int current,
                          Tile<P> &tile) {
  const int lane = threadIdx.x % 32, head = lane % 4;
  const KeyTile keys(a, at, n);
  const int slot = keys.first + lane / 4;
  const Bf16 *own = s.x + 2 * MostHeads * P::XPitch + lane % 4 * 8;
#pragma unroll
  for (int half = 0; half < 2; ++half)
    if (!keys.isSink && slot + 8 * half == current)
#pragma unroll
      for (int step = 0; step < P::KSteps; ++step)
        tile.piece[step][half] = *reinterpret_cast<const uint4 *>(own + 32 * step);
  const float2 score = tile.multiply(s.x + lane / 4 * P::XPitch);
  const float upper = keys.isRead(slot, t, a.W) ? score.x * a.scale : -INFINITY;
  const float lower = keys.isRead(slot + 8, t, a.W) ? score.y * a.scale : -INFINITY;
  float top = fmaxf(upper, lower);
#pragma unroll
  for (int step = 4; step < 32; step *= 2)
    top = fmaxf(top, __shfl_xor_sync(~0u, top, step));
  const float base = top > -INFINITY ? top : 0.0f, p0 = exp2Fast(upper - base), p1 = exp2Fast(lower - base);
  float sum = p0 + p1;
#pragma unroll
  for (int step = 4; step < 32; step *= 2)
    sum += __shfl_xor_sync(~0u, sum, step);
  Bf16 *to = s.weights + 2 * head * s.weightPitch + 16 * n + lane / 4;
  storeHalves(to, to + 8, s.weightPitch, p0, p1);
  if (lane < 4)
    s.tileTop[n * MostHeads + head] = top, s.tileSum[n * MostHeads + head] = sum;
}

/// Logits of the block's n-th tile of map rows go to every block of the head. A vector's halves are every two columns,
/// so that all four lanes of a row have the sum: a lane sends to its own block of the head's.
template <typename P>
__device__ void multiplyMap(const FastShared<P> &s, const Spot<P> &at, int n, const Tile<P> &tile) {
  const int lane = threadIdx.x % 32;
  const MapTile<P> rows(at, n);
  const float2 logit = tile.multiply(s.x + ((rows.isKey ? 2 * MostHeads : 2 * at.head) + lane / 4 % 2) * P::XPitch);
  float *to = s.logits + rows.isKey * P::D + rows.row + lane / 4;
  const int rank = at.head * P::Parts + lane % 4;
  if (lane % 4 < P::Parts)
    send(to, s.logitsThere, rank, logit.x), send(to + 8, s.logitsThere, rank, logit.y);
}

/// Visits the pieces of 16 bytes that are the thread's, of rows of the block's keys: body(keys, slot, channel, place
/// n).
template <typename P, typename Body>
__device__ void eachPiece(const FastArgs &a, const Spot<P> &at, Body body) {
  constexpr int TilesAtOnce = P::Threads / P::Pieces / 16;
  const int c = threadIdx.x % P::Pieces * 8, row = threadIdx.x / P::Pieces;
#pragma unroll 1
  for (int n = row / 16; n < at.tiles; n += TilesAtOnce) {
    const KeyTile keys(a, at, n);
    body(keys, keys.first + row % 16, c, 16 * n + row % 16);
  }
}

/// Starts copying the values of the block's keys.
template <typename P>
__device__ void startValues(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at) {
  const Bf16 *ring = at.rows(a.state.ring_v, a.W), *sinks = at.rows(a.state.sink_v, a.S);
  eachPiece(a, at, [&](const KeyTile &keys, int slot, int c, int n) {
    if (slot < keys.extent)
      copyAsync<16>(s.values + n * P::VPitch + c, (keys.isSink ? sinks : ring) + slot * at.stride + c);
  });
}

/// The thread's own copies are there: what no token wrote becomes zero, the current slot this token's value.
template <typename P>
__device__ void finishValues(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at, int t, int current) {
  eachPiece(a, at, [&](const KeyTile &keys, int slot, int c, int n) {
    uint4 *to = reinterpret_cast<uint4 *>(s.values + n * P::VPitch + c);
    if (!keys.isRead(slot, t, a.W))
      *to = {};
    else if (!keys.isSink && slot == current)
      *to = *reinterpret_cast<const uint4 *>(s.v + c);
  });
}

/// This block's shares of the window go to the blocks that have their columns: channels 16 a warp, a head a lane of
/// four, every Splits-th tile of keys.
template <typename P>
__device__ void window(const FastArgs &a, const FastShared<P> &s, const Spot<P> &at) {
  constexpr int Wide = P::D / 16;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, head = lane % 4, c = warp % Wide * 16,
            split = warp / Wide;
  if (split >= P::Splits)
    return;
  float top = -INFINITY, sum = 0, out[2] = {};
#pragma unroll 2
  for (int n = split; n < at.tiles; n += P::Splits)
    top = fmaxf(top, s.tileTop[n * MostHeads + head]);
  const float base = top > -INFINITY ? top : 0.0f;
  const Bf16 *value = s.values + (lane / 16 * 8 + lane % 8) * P::VPitch + c + lane / 8 % 2 * 8;
  const Bf16 *weight = s.weights + lane / 4 * s.weightPitch + head * 2;
#pragma unroll 2
  for (int n = split; n < at.tiles; n += P::Splits) {
    uint32_t v[4];
    float own[4] = {};
    loadTransposed(v, value + n * 16 * P::VPitch);
    multiplyAdd(own, v, *reinterpret_cast<const uint32_t *>(weight + n * 16),
                *reinterpret_cast<const uint32_t *>(weight + n * 16 + 8));
    const float share = exp2Fast(s.tileTop[n * MostHeads + head] - base);
    sum += share * s.tileSum[n * MostHeads + head];
    out[0] += share * (own[0] + own[1]), out[1] += share * (own[2] + own[3]);
  }
  if (head >= P::Group)
    return;
  const int owner = head * P::Parts + c / P::Columns, source = at.rank * P::Splits + split;
  float *to = s.partOut + source * P::SumPitch + c % P::Columns + lane / 4;
  send(to, s.partsThere, owner, out[0]), send(to + 8, s.partsThere, owner, out[1]);
  if (c % P::Columns == 0 && lane < 4)
    send(s.partTop + source, s.partsThere, owner, top), send(s.partSum + source, s.partsThere, owner, sum);
}

} // namespace xlstm::cuda::decode

#endif // XLSTM_KERNELS_CUDA_HYBRIDDECODEFAST_CUH
