//===- KernelTest.h - random arrays and the error measure of the kernel tests ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_KERNELS_KERNELTEST_H
#define XLSTM_TEST_UNIT_KERNELS_KERNELTEST_H

#include "xlstm/Kernels/CpuCalls.h"
#include "xlstm/Kernels/Reference.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace xlstm::test {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float Infinity = std::numeric_limits<float>::infinity();
constexpr double Tolerance = 1e-5;

/// `count` values of [low, high). The default leans to one side, so that a short sum does not cancel to nothing.
inline Floats randomFloats(int64_t count, uint32_t seed, float low = -0.5f, float high = 1.0f) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> values(low, high);
  Floats result(count);
  for (float &value : result)
    value = values(engine);
  return result;
}

inline Doubles widen(const Floats &values) { return Doubles(values.begin(), values.end()); }

/// Rows of `width` with `gap` NaNs behind each: what a kernel must not read.
inline Floats spread(const Floats &x, int64_t width, int64_t gap) {
  Floats result;
  for (int64_t at = 0; at < int64_t(x.size()); at += width) {
    result.insert(result.end(), x.begin() + at, x.begin() + at + width);
    result.insert(result.end(), gap, NAN);
  }
  return result;
}
/// The rows of what spread made; the gaps between them are as they were.
inline Floats gathered(const Floats &apart, int64_t width, int64_t gap) {
  Floats rows;
  for (int64_t at = 0; at < int64_t(apart.size()); at += width + gap) {
    rows.insert(rows.end(), apart.begin() + at, apart.begin() + at + width);
    for (int64_t i = at + width; i < at + width + gap; ++i)
      EXPECT_TRUE(std::isnan(apart[i])) << i;
  }
  return rows;
}
constexpr int64_t Gaps[] = {0, 5};

/// Weights in each stored format: `stored` for the kernel, `values` what they stand for.
struct F32Weights {
  std::vector<float> stored;
  Doubles values;
  explicit F32Weights(const Floats &from) : stored(from), values(from.begin(), from.end()) {}
};

struct Bf16Weights {
  std::vector<uint16_t> stored;
  Doubles values;
  explicit Bf16Weights(const Floats &from) {
    for (float value : from) {
      stored.push_back(std::bit_cast<uint32_t>(value) >> 16);
      values.push_back(std::bit_cast<float>(uint32_t(stored.back()) << 16));
    }
  }
};

struct F16Weights {
  std::vector<uint16_t> stored;
  Doubles values;
  explicit F16Weights(const Floats &from) {
    for (float value : from) {
      stored.push_back(std::bit_cast<uint16_t>(_Float16(value)));
      values.push_back(float(_Float16(value)));
    }
  }
};

/// The largest over heads of max|got - want| / max|want|, for arrays [rows, heads, width]. NaN counts as infinite. `least`
/// is the smallest divisor, where values may vanish in exact arithmetic.
inline double headError(const Floats &got, const Doubles &want, int64_t heads, int64_t width, double least = 1e-300) {
  double worst = got.size() == want.size() ? 0 : Infinity;
  for (int64_t h = 0; h < heads; ++h) {
    double error = 0, scale = least;
    for (size_t row = h * width; row < want.size(); row += heads * width)
      for (size_t n = row; n < row + width; ++n) {
        double difference = std::abs(got[n] - want[n]);
        error = std::max(error, std::isnan(difference) ? Infinity : difference);
        scale = std::max(scale, std::abs(want[n]));
      }
    worst = std::max(worst, error / scale);
  }
  return worst;
}

inline bool allFinite(const Floats &values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

/// Lengths that cut T tokens into pieces, going round `pattern`.
inline std::vector<int64_t> split(int64_t T, const std::vector<int64_t> &pattern) {
  std::vector<int64_t> pieces;
  for (int64_t done = 0; done < T; done += pieces.back())
    pieces.push_back(std::min(T - done, pattern[pieces.size() % pattern.size()]));
  return pieces;
}

/// One document a row.
inline std::vector<int32_t> oneDocument(int64_t B, int64_t T) { return std::vector<int32_t>(B * T, 0); }

/// Tokens [from, from + count) of every row of an array [B, T, width].
inline Floats tokens(const Floats &array, int64_t B, int64_t T, int64_t width, int64_t from, int64_t count) {
  Floats result;
  for (int64_t b = 0; b < B; ++b) {
    auto first = array.begin() + (b * T + from) * width;
    result.insert(result.end(), first, first + count * width);
  }
  return result;
}

/// The inverse: puts `part` [B, count, width] at tokens from `from` on.
inline void putTokens(Floats &array, const Floats &part, int64_t B, int64_t T, int64_t width, int64_t from,
                      int64_t count) {
  for (int64_t b = 0; b < B; ++b)
    std::copy_n(part.begin() + b * count * width, count * width, array.begin() + (b * T + from) * width);
}

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_KERNELS_KERNELTEST_H
