//===- GgufDequantizeTest.cpp - quantised rows against gguf-py ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Runtime/Files/Gguf.h"
#include "gtest/gtest.h"

#include <bit>

using namespace xlstm;

namespace {

/// What gguf.quants.dequantize (PyPI gguf 0.19.0) makes of blocks of pseudo-random bytes: FNV-1a over the bytes of the
/// floats, and the second and the last of them.
struct Golden {
  uint32_t type;
  int numBlocks;
  uint64_t hash;
  float second, last;
};

const Golden goldens[] = {
    {0, 16384, 0x8cd774be0fbc5838, -0.022824239f, 4.6772897e-08f},
    {1, 16384, 0x53a912d2f7ca1f9d, 2.259016e-05f, -0.05404663f},
    {2, 512, 0x9cfc12f38846f983, 0.059013367f, 0.042907715f},
    {3, 512, 0x5ce88841508622fb, -0.07585174f, -3.480713f},
    {6, 512, 0xd09788f8eca3637b, -0.10116577f, 0.046028137f},
    {7, 512, 0x6882ec63ebda0278, -0.17701751f, 45.276165f},
    {8, 512, 0xa07b1fa7a7ad198f, -0.008430481f, -215.33887f},
    {10, 64, 0xb9a38828a81e797e, -0.030937195f, -5.5166016f},
    {11, 64, 0x1050c6b91f7a415d, 116.66016f, 7.328125f},
    {12, 64, 0xbb904f49fd150f65, -1.9230533f, -0.00089263916f},
    {13, 64, 0x2aa5d8e0e0200b01, -0.96197844f, 49.863586f},
    {14, 64, 0xb7f7244b0532a437, 0.009326935f, -485.78906f},
    {20, 512, 0x0671b28f8057995c, 0.87677f, 0.68116f},
    {23, 64, 0x1671745618b5db96, 6.4914703f, -0.14394379f},
    {30, 16384, 0x2504e3fc93544d2b, 4.610142e-38f, -4.1744386e-13f},
};

/// Where a block has floats; a bit of their exponents is cleared so that they are finite.
std::vector<int> highBytesOfFloats(uint32_t type) {
  switch (type) {
  case 0:
    return {3};
  case 3:
  case 7:
  case 12:
  case 13:
    return {1, 3};
  case 10:
    return {81, 83};
  case 11:
    return {109};
  case 14:
    return {209};
  default:
    return {1};
  }
}

/// The bytes of a 32-bit xorshift (13, 17, 5) from 0x9E3779B9 on, the highest of each word.
std::string makeBlocks(const Golden &golden) {
  const GgmlType &type = *findGgmlType(golden.type);
  std::string bytes(size_t(golden.numBlocks) * type.blockBytes, '\0');
  uint32_t x = 0x9E3779B9;
  for (char &byte : bytes) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    byte = char(x >> 24);
  }
  for (int n = 0; n < golden.numBlocks; ++n)
    for (int at : highBytesOfFloats(golden.type))
      bytes[size_t(n) * type.blockBytes + at] &= char(0xBF);
  return bytes;
}

class Dequantize : public testing::TestWithParam<Golden> {};

std::string typeName(const testing::TestParamInfo<Golden> &info) {
  return std::string(findGgmlType(info.param.type)->name);
}

} // namespace

TEST_P(Dequantize, equalsGgufPy) {
  const Golden &golden = GetParam();
  std::string blocks = makeBlocks(golden);
  const GgmlType &type = *findGgmlType(golden.type);
  ASSERT_TRUE(canDequantize(type));
  int64_t columns = golden.numBlocks * type.blockElements;
  GgufTensor tensor{&type, {1, columns}, std::as_bytes(std::span(blocks))};
  std::vector<float> values(columns);
  dequantizeRow(tensor, 0, values);
  uint64_t hash = 0xcbf29ce484222325;
  for (float value : values)
    for (int shift = 0; shift < 32; shift += 8)
      hash = (hash ^ (std::bit_cast<uint32_t>(value) >> shift & 0xFF)) * 0x100000001b3;
  EXPECT_EQ(values[1], golden.second);
  EXPECT_EQ(values.back(), golden.last);
  EXPECT_EQ(hash, golden.hash);
}

INSTANTIATE_TEST_SUITE_P(All, Dequantize, testing::ValuesIn(goldens), typeName);

TEST(Dequantize, rowsAreTakenOneByOne) {
  std::string blocks = makeBlocks({8, 6, 0, 0, 0});
  GgufTensor tensor{findGgmlType(8), {2, 96}, std::as_bytes(std::span(blocks))};
  std::vector<float> all(192), row(96);
  GgufTensor flat = tensor;
  flat.shape = {1, 192};
  dequantizeRow(flat, 0, all);
  dequantizeRow(tensor, 1, row);
  EXPECT_TRUE(std::equal(row.begin(), row.end(), all.begin() + 96));
}

TEST(Dequantize, otherTypesAreToldApart) {
  EXPECT_FALSE(canDequantize(*findGgmlType(16)));
  EXPECT_EQ(findGgmlType(4), nullptr);
  EXPECT_EQ(dequantizableTypes(),
            "F32, F16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, BF16");
}
