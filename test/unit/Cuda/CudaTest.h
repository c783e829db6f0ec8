//===- CudaTest.h - device arrays and rounding of the CUDA tests -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TEST_UNIT_CUDA_CUDATEST_H
#define XLSTM_TEST_UNIT_CUDA_CUDATEST_H

#include "test/unit/Kernels/KernelTest.h"
#include "xlstm/Kernels/Cuda.h"

#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <utility>

namespace xlstm::test {

#define ASSERT_CUDA(call) ASSERT_EQ(int(call), 0) << cudaGetErrorString(cudaError_t(cudaPeekAtLastError()))

inline float nearestBf16(float x) {
  if (std::isnan(x))
    return x;
  uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u);
}

/// Values of 0, +-2^-9 .. 448 as e4m3 holds them; larger ones saturate.
inline float nearestFp8(float x) {
  if (x == 0 || std::isnan(x))
    return x;
  int exponent = std::max(std::ilogb(std::abs(x)), -6);
  float step = std::ldexp(1.0f, exponent - 3);
  return std::copysign(std::min(448.0f, std::nearbyint(std::abs(x) / step) * step), x);
}

inline float nearest(xlstm_dtype type, float x) {
  return type == XLSTM_F32 ? x : type == XLSTM_BF16 ? nearestBf16(x) : nearestFp8(x);
}

inline Floats rounded(xlstm_dtype type, Floats values) {
  for (float &value : values)
    value = nearest(type, value);
  return values;
}

inline uint8_t fp8Bits(float x) { // of a value that fp8 holds
  uint8_t sign = std::signbit(x) ? 0x80 : 0;
  x = std::abs(x);
  if (x < 0x1p-6f)
    return sign | uint8_t(x * 512);
  int exponent = std::ilogb(x);
  return sign | uint8_t((exponent + 7) << 3 | int((std::ldexp(x, -exponent) - 1) * 8));
}

inline float fp8Value(uint8_t bits) {
  int exponent = bits >> 3 & 15, mantissa = bits & 7;
  float value = exponent ? std::ldexp(1 + mantissa / 8.0f, exponent - 7) : std::ldexp(mantissa / 8.0f, -6);
  if ((bits & 0x7f) == 0x7f)
    value = std::numeric_limits<float>::quiet_NaN();
  return bits & 0x80 ? -value : value;
}

inline int64_t sizeOf(xlstm_dtype type) { return type == XLSTM_F32 ? 4 : type == XLSTM_BF16 ? 2 : 1; }

/// Memory on the device that starts as NaN of any of our types, with a guard behind it that must stay as it was.
class DeviceBytes {
public:
  explicit DeviceBytes(int64_t bytes) : bytes(bytes) {
    EXPECT_EQ(cudaMalloc(&memory, bytes + Guard), cudaSuccess);
    EXPECT_EQ(cudaMemset(memory, 0xff, bytes + Guard), cudaSuccess);
  }
  DeviceBytes(const DeviceBytes &) = delete;
  DeviceBytes(DeviceBytes &&other) noexcept : bytes(other.bytes), memory(std::exchange(other.memory, nullptr)) {}
  ~DeviceBytes() {
    if (!memory)
      return;
    std::vector<uint8_t> guard(Guard);
    EXPECT_EQ(cudaMemcpy(guard.data(), static_cast<char *>(memory) + bytes, Guard, cudaMemcpyDefault), cudaSuccess);
    EXPECT_EQ(guard, std::vector<uint8_t>(Guard, 0xff)) << "written past the end";
    cudaFree(memory);
  }
  void put(const void *from) { EXPECT_EQ(cudaMemcpy(memory, from, bytes, cudaMemcpyDefault), cudaSuccess); }
  void take(void *to) const { EXPECT_EQ(cudaMemcpy(to, memory, bytes, cudaMemcpyDefault), cudaSuccess); }
  void *get() const { return bytes ? memory : nullptr; }

private:
  static constexpr int64_t Guard = 256;
  int64_t bytes;
  void *memory = nullptr;
};

/// An array of plain elements.
template <typename T>
class DeviceArray : public DeviceBytes {
public:
  explicit DeviceArray(int64_t count) : DeviceBytes(count * sizeof(T)), count(count) {}
  explicit DeviceArray(const std::vector<T> &values) : DeviceArray(int64_t(values.size())) { put(values.data()); }
  std::vector<T> values() const {
    std::vector<T> result(count);
    take(result.data());
    return result;
  }
  T *get() const { return static_cast<T *>(DeviceBytes::get()); }

private:
  int64_t count;
};

/// Floats in a stored type, which must hold them.
class DeviceFloats : public DeviceBytes {
public:
  DeviceFloats(xlstm_dtype type, int64_t count) : DeviceBytes(count * sizeOf(type)), type(type), count(count) {}
  DeviceFloats(xlstm_dtype type, const Floats &values) : DeviceFloats(type, int64_t(values.size())) {
    if (type == XLSTM_F32) {
      put(values.data());
      return;
    }
    std::vector<uint16_t> halves;
    std::vector<uint8_t> bytes;
    for (float value : values)
      if (type == XLSTM_BF16)
        halves.push_back(std::bit_cast<uint32_t>(value) >> 16);
      else
        bytes.push_back(fp8Bits(value));
    put(type == XLSTM_BF16 ? static_cast<const void *>(halves.data()) : bytes.data());
  }
  Floats values() const {
    Floats result(count);
    if (type == XLSTM_F32) {
      take(result.data());
      return result;
    }
    std::vector<uint16_t> halves(count);
    std::vector<uint8_t> bytes(count);
    take(type == XLSTM_BF16 ? static_cast<void *>(halves.data()) : bytes.data());
    for (int64_t n = 0; n < count; ++n)
      result[n] = type == XLSTM_BF16 ? std::bit_cast<float>(uint32_t(halves[n]) << 16) : fp8Value(bytes[n]);
    return result;
  }

private:
  xlstm_dtype type;
  int64_t count;
};

inline double toleranceOf(xlstm_dtype type) { return type == XLSTM_F32 ? Tolerance : 5e-3; }

} // namespace xlstm::test

#endif // XLSTM_TEST_UNIT_CUDA_CUDATEST_H
