//===- PanelsTest.cpp - products and rows of weights in panels ----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The panels are put together here, number by number, as kernels/cpu/Panels.h says.

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace xlstm;
using namespace xlstm::test;

namespace {

/// A matrix [out, in] in panels of small integers, and what it stands for.
struct SmallMatrix {
  int64_t out, in;
  int bits, offset;
  bool minimum;
  std::vector<uint8_t> stored;
  Doubles values;
  std::vector<int> integers; // without the offset

  int64_t valueBytes() const { return 32 * bits / 8; }
  int64_t headBytes() const { return minimum ? 4 : 2; }
};

uint16_t halfBits(float value) { return std::bit_cast<uint16_t>(_Float16(value)); }

void putHalf(std::vector<uint8_t> &bytes, int64_t at, uint16_t half) {
  bytes[at] = half & 255;
  bytes[at + 1] = half >> 8;
}

/// `scale` gives a block's scale and minimum.
template <typename Scale>
SmallMatrix makeSmall(int64_t out, int64_t in, int bits, int offset, bool minimum, Scale scale) {
  SmallMatrix m{out, in, bits, offset, minimum, {}, {}, {}};
  int64_t blocks = in / 32;
  m.stored.resize(out * blocks * (m.valueBytes() + m.headBytes()));
  m.values.resize(out * in);
  m.integers.resize(out * in);
  std::mt19937 engine(7);
  std::uniform_int_distribution<int> numbers(bits == 8 ? 1 : 0, bits == 8 ? 255 : 15);
  for (int64_t o = 0; o < out; ++o)
    for (int64_t b = 0; b < blocks; ++b) {
      int64_t first = o / 16 * 16, rows = std::min<int64_t>(16, out - first), r = o - first;
      int64_t pair = first * blocks * (m.valueBytes() + m.headBytes()) + b / 2 * 2 * rows * (m.valueBytes() + m.headBytes());
      int64_t together = b / 2 * 2 + 1 < blocks ? 2 : 1;
      float step = scale(o, b), least = minimum ? -3 * step : 0;
      putHalf(m.stored, pair + 2 * (b % 2 * rows + r), halfBits(step));
      if (minimum)
        putHalf(m.stored, pair + 2 * ((together + b % 2) * rows + r), halfBits(least));
      int64_t values = pair + together * rows * m.headBytes() + b % 2 * rows * m.valueBytes();
      for (int c = 0; c < 32; ++c) {
        int number = numbers(engine);
        int64_t at = bits == 8 ? values + (c / 4 * rows + r) * 4 + c % 4 : values + (c % 16 / 4 * rows + r) * 4 + c % 4;
        m.stored[at] |= bits == 8 || c < 16 ? number : number << 4;
        m.integers[o * in + b * 32 + c] = number - offset;
        m.values[o * in + b * 32 + c] = double(float(_Float16(step))) * (number - offset) + float(_Float16(least));
      }
    }
  return m;
}

/// Numbers in panels, column by column.
template <typename Stored>
std::vector<uint8_t> panelsOf(const std::vector<Stored> &rows, int64_t out, int64_t in) {
  std::vector<Stored> panels;
  for (int64_t first = 0; first < out; first += 16)
    for (int64_t c = 0; c < in; ++c)
      for (int64_t o = first; o < std::min(out, first + 16); ++o)
        panels.push_back(rows[o * in + c]);
  std::vector<uint8_t> bytes(panels.size() * sizeof(Stored));
  memcpy(bytes.data(), panels.data(), bytes.size());
  return bytes;
}

using Linear = void (*)(const float *, const uint8_t *, const float *, const float *, float *, int64_t, int64_t,
                        int64_t, const xlstm_team *);
using Embed = void (*)(const int64_t *, const uint8_t *, float *, int64_t, int64_t, int64_t, const xlstm_team *);

Floats multiply(Linear kernel, const Floats &x, const std::vector<uint8_t> &w, int64_t rows, int64_t in, int64_t out,
                const float *bias = nullptr, const float *residual = nullptr) {
  Floats y(rows * out, NAN);
  kernel(x.data(), w.data(), bias, residual, y.data(), rows, in, out, nullptr);
  return y;
}

/// The same with the shares of `parts` threads, one after the other.
Floats multiplyInParts(Linear kernel, const Floats &x, const std::vector<uint8_t> &w, int64_t rows, int64_t in,
                       int64_t out, int64_t parts) {
  Floats y(rows * out, NAN);
  for (int64_t part = 0; part < parts; ++part) {
    xlstm_team member = {part, parts, nullptr};
    kernel(x.data(), w.data(), nullptr, nullptr, y.data(), rows, in, out, &member);
  }
  return y;
}

void checkAgainst(Linear kernel, const std::vector<uint8_t> &stored, const Doubles &values, int64_t in, int64_t out,
                  double tolerance) {
  for (int64_t rows : {1, 2, 3, 7, 13, 70}) {
    Floats x = randomFloats(rows * in, 1), bias = randomFloats(out, 3), residual = randomFloats(rows * out, 4);
    Doubles want(rows * out), biases = widen(bias);
    reference::linear(widen(x).data(), values.data(), nullptr, want.data(), rows, in, out);
    Floats y = multiply(kernel, x, stored, rows, in, out);
    EXPECT_LT(headError(y, want, 1, out), tolerance) << rows << " x " << in << " x " << out;
    for (int64_t parts : {2, 3, 8})
      EXPECT_EQ(y, multiplyInParts(kernel, x, stored, rows, in, out, parts)) << parts << " threads";
    for (int64_t r = 0; r < rows; ++r) {
      Floats row(x.begin() + r * in, x.begin() + (r + 1) * in), alone = multiply(kernel, row, stored, 1, in, out);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), y.begin() + r * out)) << "row " << r << " of " << rows;
    }
    reference::linear(widen(x).data(), values.data(), biases.data(), want.data(), rows, in, out);
    for (int64_t n = 0; n < rows * out; ++n)
      want[n] += residual[n];
    y = multiply(kernel, x, stored, rows, in, out, bias.data(), residual.data());
    EXPECT_LT(headError(y, want, 1, out), tolerance) << "bias and residual";
  }
}

template <typename Weights>
void checkFloats(Linear kernel, Embed embed) {
  for (int64_t in : {32, 96, 256})
    for (int64_t out : {16, 19, 64, 85}) {
      Weights w(randomFloats(out * in, 2));
      std::vector<uint8_t> stored = panelsOf(w.stored, out, in);
      checkAgainst(kernel, stored, w.values, in, out, Tolerance);
      std::vector<int64_t> ids = {out - 1, 0, -1, out, 17 % out};
      Floats y(ids.size() * in, NAN);
      embed(ids.data(), stored.data(), y.data(), int64_t(ids.size()), out, in, nullptr);
      for (size_t t = 0; t < ids.size(); ++t)
        for (int64_t c = 0; c < in; ++c)
          EXPECT_EQ(y[t * in + c], ids[t] < 0 || ids[t] >= out ? 0 : w.values[ids[t] * in + c]);
    }
}

void checkSmall(Linear kernel, Embed embed, int bits, int offset, bool minimum) {
  for (int64_t in : {32, 64, 96, 288})
    for (int64_t out : {16, 19, 64, 85}) {
      SmallMatrix m = makeSmall(out, in, bits, offset, minimum,
                                [](int64_t o, int64_t b) { return 0.01f * float(1 + (o * 7 + b * 3) % 11); });
      // Inputs of 8 bits with a scale a block: half a step of 1/127 of the largest, over many.
      checkAgainst(kernel, m.stored, m.values, in, out, 1e-2);
      std::vector<int64_t> ids = {out - 1, 0, -1, out, 17 % out};
      Floats y(ids.size() * in, NAN);
      embed(ids.data(), m.stored.data(), y.data(), int64_t(ids.size()), out, in, nullptr);
      for (size_t t = 0; t < ids.size(); ++t)
        for (int64_t c = 0; c < in; ++c)
          EXPECT_NEAR(y[t * in + c], ids[t] < 0 || ids[t] >= out ? 0 : m.values[ids[t] * in + c], 1e-6);
    }
}

/// With scales of 1 and inputs that are integers up to 127 in every block, results are integers: to the last bit.
void checkIntegers(Linear kernel, int bits, int offset) {
  const int64_t in = 160, out = 37, rows = 11;
  SmallMatrix m = makeSmall(out, in, bits, offset, false, [](int64_t, int64_t) { return 1.0f; });
  std::mt19937 engine(3);
  std::uniform_int_distribution<int> numbers(-127, 127);
  Floats x(rows * in);
  for (int64_t n = 0; n < rows * in; ++n)
    x[n] = n % 32 == 5 ? (n % 64 == 5 ? 127.0f : -127.0f) : float(numbers(engine));
  for (int64_t n = 0; n < 32; ++n) // a block of the largest products
    x[n] = 127;
  Floats y = multiply(kernel, x, m.stored, rows, in, out);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t o = 0; o < out; ++o) {
      int64_t want = 0;
      for (int64_t c = 0; c < in; ++c)
        want += m.integers[o * in + c] * int64_t(x[r * in + c]);
      EXPECT_EQ(y[r * out + o], float(want)) << r << ", " << o;
    }
}

} // namespace

TEST(Panels, Float32) { checkFloats<F32Weights>(xlstm_cpu_linear_panels_f32p, xlstm_cpu_embed_panels_f32p); }
TEST(Panels, BFloat16) { checkFloats<Bf16Weights>(xlstm_cpu_linear_panels_bf16p, xlstm_cpu_embed_panels_bf16p); }
TEST(Panels, Float16) { checkFloats<F16Weights>(xlstm_cpu_linear_panels_f16p, xlstm_cpu_embed_panels_f16p); }
TEST(Panels, Q8) { checkSmall(xlstm_cpu_linear_panels_q8p, xlstm_cpu_embed_panels_q8p, 8, 128, false); }
TEST(Panels, Q4) { checkSmall(xlstm_cpu_linear_panels_q4p, xlstm_cpu_embed_panels_q4p, 4, 8, false); }
TEST(Panels, Q4M) { checkSmall(xlstm_cpu_linear_panels_q4mp, xlstm_cpu_embed_panels_q4mp, 4, 0, true); }
TEST(Panels, Q8SumsAreExact) { checkIntegers(xlstm_cpu_linear_panels_q8p, 8, 128); }
TEST(Panels, Q4SumsAreExact) { checkIntegers(xlstm_cpu_linear_panels_q4p, 4, 8); }

// What is no number stays none: it must not become a large integer.
TEST(Panels, NoNumberStaysNone) {
  SmallMatrix m = makeSmall(16, 64, 8, 128, false, [](int64_t, int64_t) { return 1.0f; });
  for (float bad : {float(NAN), float(INFINITY)}) {
    Floats x = randomFloats(64, 1);
    x[40] = bad;
    for (float value : multiply(xlstm_cpu_linear_panels_q8p, x, m.stored, 1, 64, 16))
      EXPECT_FALSE(std::isfinite(value));
  }
  Floats zeros(64);
  for (float value : multiply(xlstm_cpu_linear_panels_q8p, zeros, m.stored, 1, 64, 16))
    EXPECT_EQ(value, 0);
}
