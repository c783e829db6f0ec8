//===- Turns.h - exact angles of rotary embedding ---------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// position * frequency in float32 is off by .03 rad at a million tokens: the product has 24 bits, and most of them count
// whole turns, which sine and cosine do not need. In fixed-point turns whole ones fall off by overflow, and what is left
// is exact to 2^-32 of a turn at every position that int32 holds.

#ifndef XLSTM_KERNELS_TURNS_H
#define XLSTM_KERNELS_TURNS_H

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define XLSTM_ANYWHERE __host__ __device__
#else
#define XLSTM_ANYWHERE
#endif

namespace xlstm {

/// `frequency`, radians a token, in units of 2^-64 turns, whole turns left out.
inline int64_t turnsOf(double frequency) {
  constexpr long double Turn = 6.283185307179586476925286766559L;
  long double turns = frequency / Turn;
  turns -= std::round(turns); // [-1/2, 1/2]
  return turns >= 0.5L ? INT64_MIN : static_cast<int64_t>(std::round(turns * 0x1p64L));
}

/// The angle at `position`, radians in [-pi, pi), to 2^-23.
XLSTM_ANYWHERE inline float angleAt(int32_t position, int64_t turns) {
  const auto all = static_cast<uint64_t>(position) * static_cast<uint64_t>(turns);
  return static_cast<float>(static_cast<int32_t>(all >> 32)) * 1.4629180793e-9f; // 2 pi / 2^32
}

} // namespace xlstm

#undef XLSTM_ANYWHERE

#endif // XLSTM_KERNELS_TURNS_H
